-- Tell whether a pack exists for an identity: it is everybody's, its own, or named by one
-- of its grants. For what acts for an identity without its token.
CREATE OR REPLACE FUNCTION attune.sees_pack(identity_id bigint, pack_id bigint)
    RETURNS boolean
    LANGUAGE sql
    STABLE
AS $$
    SELECT
        pack.is_standard
        OR pack.owner_identity IS NULL
        OR pack.owner_identity IS NOT DISTINCT FROM identity_id
        OR EXISTS (
            SELECT
            FROM attune.permission_set AS permset
            CROSS JOIN LATERAL jsonb_array_elements(permset.grants) AS granted
            WHERE
                permset.id IN (
                    SELECT given.permset
                    FROM attune.permission_assignment AS given
                    WHERE given.identity = identity_id
                    UNION
                    SELECT of_role.permset
                    FROM attune.permission_set_role AS of_role
                    JOIN attune.identity_role AS held USING (role)
                    WHERE held.identity = identity_id
                )
                AND (
                    granted -> 'constraints' -> 'pack_refs' ? pack.ref
                    OR (
                        granted ->> 'type' = 'pack'
                        AND granted ->> 'scope' = pack.ref
                    )
                )
        )
    FROM attune.pack
    WHERE pack.id = pack_id
$$;
