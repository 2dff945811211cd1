-- Return the first of two packs if that is somebody's alone, or else the second if it is.
CREATE OR REPLACE FUNCTION attune.private_pack(first_ref text, second_ref text)
    RETURNS attune.pack
    LANGUAGE sql
    STABLE
AS $$
    SELECT pack
    FROM attune.pack
    WHERE
        pack.ref IN (first_ref, second_ref)
        AND pack.owner_identity IS NOT NULL
        AND NOT pack.is_standard
    ORDER BY pack.ref <> first_ref
    LIMIT 1
$$;
