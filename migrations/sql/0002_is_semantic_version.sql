-- Tell whether a text is a version as semver.org defines it.
CREATE OR REPLACE FUNCTION attune.is_semantic_version(version text)
    RETURNS boolean
    LANGUAGE sql
    IMMUTABLE
    RETURN version ~ (
        '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)'
        || '(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)'
        || '(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?'
        || '(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$'
    );
