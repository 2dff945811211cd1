-- Describe a trigger as it is now; what checks its webhooks is left out, being secret.
CREATE OR REPLACE FUNCTION attune.snapshot_trigger(source attune.trigger)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
AS $$
BEGIN
    RETURN jsonb_build_object(
        'id', source.id,
        'ref', source.ref,
        'label', source.label,
        'type', source.type,
        'pack_ref', source.pack_ref,
        'param_schema', source.param_schema,
        'out_schema', source.out_schema
    );
END;
$$;
