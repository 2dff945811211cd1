-- Describe an action, its runtime, its pack and its workflow as they are now.
CREATE OR REPLACE FUNCTION attune.snapshot_action(source attune.action)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
AS $$
BEGIN
    RETURN jsonb_build_object(
        'action', to_jsonb(source) - '{created,updated,description,tags}'::text[],
        'pack', (
            SELECT jsonb_build_object(
                'id', p.id,
                'ref', p.ref,
                'version', p.version,
                'content_hash', p.content_hash,
                'storage_path', p.storage_path
            )
            FROM attune.pack AS p
            WHERE p.id = source.pack
        ),
        'runtime', (
            SELECT jsonb_build_object(
                'id', r.id,
                'ref', r.ref,
                'name', r.name,
                'execution_config', r.execution_config,
                'versions', coalesce(
                    (
                        SELECT jsonb_agg(
                            jsonb_build_object(
                                'version', v.version,
                                'is_default', v.is_default,
                                'execution_config', v.execution_config
                            )
                            ORDER BY v.id
                        )
                        FROM attune.runtime_version AS v
                        WHERE v.runtime = r.id
                    ),
                    '[]'
                )
            )
            FROM attune.runtime AS r
            WHERE r.id = source.runtime
        )
    ) || coalesce(
        (
            SELECT jsonb_build_object(
                'workflow', jsonb_build_object(
                    'id', w.id,
                    'ref', w.ref,
                    'version', w.version,
                    'definition', w.definition,
                    'author', w.author
                )
            )
            FROM attune.workflow_definition AS w
            WHERE w.id = source.workflow_def
        ),
        '{}'
    );
END;
$$;
