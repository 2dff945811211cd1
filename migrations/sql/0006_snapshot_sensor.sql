-- What an event keeps of the sensor that emitted it: nothing secret, and no program.
CREATE OR REPLACE FUNCTION attune.snapshot_sensor(sensor attune.sensor)
    RETURNS jsonb
    LANGUAGE sql
    STABLE
AS $$
    SELECT jsonb_build_object(
        'id', sensor.id,
        'ref', sensor.ref,
        -- Code that stands in the place of a file's name is not kept a thousand times.
        'entrypoint', left(sensor.entrypoint, 255),
        'runtime_ref', sensor.runtime_ref,
        'config', coalesce(
            (
                SELECT jsonb_object_agg(
                    given.key,
                    CASE
                        WHEN
                            jsonb_path_exists(given.value, '$."$encrypted"')
                            OR jsonb_path_exists(
                                coalesce(
                                    sensor.param_schema -> 'properties' -> given.key,
                                    sensor.param_schema -> given.key
                                ),
                                '$.**.secret ? (@ == true)'
                            )
                            THEN '"***"'
                        ELSE given.value
                    END
                )
                FROM jsonb_each(sensor.config) AS given
            ),
            '{}'
        )
    );
$$;
