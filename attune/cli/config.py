"""`attune config`: the configuration file of the command line."""

from typing import Annotated

import typer

from attune.cli.connection import checked_url, resolve
from attune.cli.document import JsonObject
from attune.cli.errors import usage_error
from attune.cli.options import OutputFormat, chosen, command_group, examples
from attune.cli.output import Column
from attune.cli.profile import PROFILE_FIELDS, SECRET_FIELDS, ConfigFile, Profile
from attune.cli.prompts import confirm
from attune.cli.session import open_output

app = command_group("Show and change profiles and settings of this command line.")

SETTINGS = ("profile", "format", *PROFILE_FIELDS)

_SETTING_COLUMNS = (Column("setting", "setting"), Column("value", "value"))
_PROFILE_COLUMNS = (
    Column("profile", "profile"),
    Column("current", "current"),
    Column("api url", "api_url"),
    Column("login", "username"),
    Column("description", "description", wide=True),
)

_Key = Annotated[str, typer.Argument(help=f"One of {', '.join(SETTINGS)}.")]
_Name = Annotated[str, typer.Argument(help="Name of the profile.")]


@app.command("list")
def list_settings(ctx: typer.Context) -> None:
    """List the settings in force; tokens are not shown."""
    file = ConfigFile.load()
    rows = [{"setting": key, "value": _shown(file, ctx, key)} for key in SETTINGS]
    open_output(ctx, file).rows(rows, _SETTING_COLUMNS)


@app.command("get")
def get_setting(ctx: typer.Context, key: _Key) -> None:
    """Print one setting of the file or of the profile in use."""
    file = ConfigFile.load()
    out = open_output(ctx, file)
    value = _shown(file, ctx, _known(key))
    out.done("" if value is None else str(value), value)


@app.command("set", epilog=examples("attune config set format json"))
def set_setting(
    ctx: typer.Context,
    key: _Key,
    value: Annotated[str, typer.Argument(help="Its new value.")],
) -> None:
    """Change one setting of the file or of the profile in use."""
    file = ConfigFile.load()
    if _known(key) in SECRET_FIELDS:
        raise usage_error(
            f"{key} is not set by hand: use `attune login` or `attune auth token-login`"
        )
    if key == "profile":
        file.profile(value)
        file.current = value
    elif key == "format":
        file.output_format = _checked_format(value)
    else:
        _change(file, _profile_name(file, ctx), key, value)
    file.save()
    open_output(ctx, file).done(f"{key} is now {value}", {key: value})


@app.command("path")
def show_path(ctx: typer.Context) -> None:
    """Print where the configuration file is."""
    file = ConfigFile.load()
    open_output(ctx, file).done(str(file.path), str(file.path))


@app.command("profiles")
def list_profiles(ctx: typer.Context) -> None:
    """List the profiles."""
    file = ConfigFile.load()
    rows = [
        {"profile": name, "current": name == file.current, **_without_tokens(settings)}
        for name, settings in sorted(file.profiles.items())
    ]
    open_output(ctx, file).rows(rows, _PROFILE_COLUMNS)


@app.command("current")
def show_current(ctx: typer.Context) -> None:
    """Print the name of the profile in use."""
    file = ConfigFile.load()
    name = _profile_name(file, ctx)
    open_output(ctx, file).done(name, name)


@app.command("use")
def use_profile(ctx: typer.Context, name: _Name) -> None:
    """Use this profile from now on."""
    file = ConfigFile.load()
    file.profile(name)
    file.current = name
    file.save()
    open_output(ctx, file).done(f"using profile {name}", {"profile": name})


@app.command(
    "add-profile",
    epilog=examples("attune config add-profile work --url https://attune.example.org"),
)
def add_profile(
    ctx: typer.Context,
    *,
    name: _Name,
    url: Annotated[
        str | None,
        typer.Option(help="Address of its API; --api-url says the same."),
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    use: Annotated[
        bool, typer.Option("--use", help="Use it from now on as well.")
    ] = False,
) -> None:
    """Add a profile for another server or login."""
    file = ConfigFile.load()
    if name in file.profiles:
        raise usage_error(f"there is a profile '{name}' in {file.path} already")
    address = url or chosen(ctx).get("api_url")
    if address is None:
        raise usage_error("a profile needs an address: add --url URL")
    settings: Profile = {"api_url": checked_url(address)}
    if description is not None:
        settings["description"] = description
    file.profiles[name] = settings
    if use:
        file.current = name
    file.save()
    open_output(ctx, file).done(
        f"profile {name} added; log in with `attune login -p {name}`", settings
    )


@app.command("remove-profile")
def remove_profile(
    ctx: typer.Context,
    *,
    name: _Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a profile together with its login."""
    file = ConfigFile.load()
    file.profile(name)
    confirm(f"Remove the profile {name} and its login?", yes=yes)
    file.remove(name)
    file.save()
    open_output(ctx, file).done(f"profile {name} removed", {"profile": name})


@app.command("show-profile")
def show_profile(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Name of the profile; the one in use if none.")
    ] = None,
) -> None:
    """Show a profile; tokens are not shown."""
    file = ConfigFile.load()
    chosen_name = name or _profile_name(file, ctx)
    shown: JsonObject = {
        "profile": chosen_name,
        **_without_tokens(file.profile(chosen_name)),
    }
    fields = [Column(key.replace("_", " "), key) for key in shown]
    open_output(ctx, file).entity(shown, fields)


def _known(key: str) -> str:
    if key not in SETTINGS:
        raise usage_error(
            f"there is no setting '{key}'; there are {', '.join(SETTINGS)}"
        )
    return key


def _profile_name(file: ConfigFile, ctx: typer.Context) -> str:
    return resolve(file, profile=chosen(ctx).get("profile")).profile


def _shown(file: ConfigFile, ctx: typer.Context, key: str) -> object:
    connection = resolve(
        file,
        profile=chosen(ctx).get("profile"),
        api_url=chosen(ctx).get("api_url"),
    )
    if key == "profile":
        return connection.profile
    if key == "format":
        return file.output_format
    if key == "api_url":
        return connection.api_url
    return _without_tokens(file.profiles.get(connection.profile, {})).get(key)


def _without_tokens(settings: Profile) -> Profile:
    return {
        key: "(hidden)" if key in SECRET_FIELDS and value else value
        for key, value in settings.items()
    }


def _change(file: ConfigFile, profile: str, key: str, value: str) -> None:
    settings = file.profiles.setdefault(profile, {})
    settings[key] = checked_url(value) if key == "api_url" else value
    file.adopt(profile)


def _checked_format(value: str) -> str:
    if value not in set(OutputFormat):
        known = ", ".join(OutputFormat)
        raise usage_error(f"format is one of {known}, not '{value}'")
    return value
