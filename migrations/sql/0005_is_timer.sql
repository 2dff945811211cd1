-- Tell whether the rules of a trigger are timers.
CREATE OR REPLACE FUNCTION attune.is_timer(trigger_ref text)
    RETURNS boolean
    LANGUAGE sql
    IMMUTABLE
AS $$
    SELECT trigger_ref IN (
        'core.intervaltimer',
        'core.crontimer',
        'core.datetimetimer',
        'core.rruletimer'
    );
$$;
