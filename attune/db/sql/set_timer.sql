-- Write beside a rule whether its timer may fire, and have Temporal told.
--
-- Whoever lets a timer fire holds its row, so that nothing fires after this commits.
CREATE OR REPLACE FUNCTION attune.set_timer(ruled attune.rule, is_changed boolean)
    RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO attune.timer AS t (rule, active, changed_at, done_until)
    SELECT
        ruled.id,
        ruled.enabled AND coalesce(fired.enabled, false) AND p.enabled,
        now(),
        now()
    FROM attune.pack AS p
    LEFT JOIN attune.trigger AS fired ON fired.id = ruled.trigger
    WHERE p.id = ruled.pack
    ON CONFLICT (rule) DO UPDATE
    SET
        active = EXCLUDED.active,
        changed_at = CASE WHEN is_changed THEN now() ELSE t.changed_at END,
        -- What was due while it was switched off is not made up for.
        done_until = CASE
            WHEN EXCLUDED.active AND NOT t.active THEN now()
            ELSE t.done_until
        END,
        next_due_at = NULL,
        look_at = NULL;
    INSERT INTO attune.outbox (kind, payload)
    VALUES ('set_timer', jsonb_build_object('rule_id', ruled.id));
END;
$$;
