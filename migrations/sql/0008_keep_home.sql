-- Keep with a new event, enforcement or execution where it comes from, and whose it is:
-- definitions go away and change hands, and what has happened must not come to light by
-- that.
--
-- `home_pack` is the private pack that it comes from, by itself, by its rule or by what
-- started it; null where everybody sees that. It outlives the pack, so it is no foreign
-- key. `owner_identity`, where there is one, is for whom the rule acts, or else whose the
-- pack is.
CREATE OR REPLACE FUNCTION attune.keep_home()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    acting bigint;
    rule_pack text := split_part(NEW.rule_ref, '.', 1);
    home attune.pack;
BEGIN
    IF TG_TABLE_NAME = 'execution' THEN
        IF NEW.parent IS NOT NULL THEN
            NEW.home_pack := (
                SELECT home_pack FROM attune.execution WHERE id = NEW.parent
            );
        END IF;
        IF NEW.home_pack IS NULL THEN
            home := attune.private_pack(NEW.pack_ref, rule_pack);
            NEW.home_pack := home.id;
        END IF;
        RETURN NEW;
    END IF;

    home := attune.private_pack(rule_pack, split_part(NEW.trigger_ref, '.', 1));
    NEW.home_pack := home.id;
    IF NEW.rule IS NOT NULL THEN
        acting := (SELECT owner_identity FROM attune.rule WHERE id = NEW.rule);
    END IF;
    NEW.owner_identity := coalesce(acting, home.owner_identity);
    RETURN NEW;
END;
$$;

-- Named to fire after `fill`, which supplies the refs.
CREATE OR REPLACE TRIGGER event_keep_home
    BEFORE INSERT ON attune.event
    FOR EACH ROW
    EXECUTE FUNCTION attune.keep_home();

CREATE OR REPLACE TRIGGER enforcement_keep_home
    BEFORE INSERT ON attune.enforcement
    FOR EACH ROW
    EXECUTE FUNCTION attune.keep_home();

CREATE OR REPLACE TRIGGER execution_keep_home
    BEFORE INSERT ON attune.execution
    FOR EACH ROW
    EXECUTE FUNCTION attune.keep_home();
