"""Every identifier of every route replaced: another's, the other kind's, an unknown one's.

The routes come from the app's own map, so that a new one is tried as it is added.
"""

import re
import string

from sqlalchemy import select

from support.fuzzing import valid_bodies
from webmushra_app.api.openapi import OPERATIONS
from webmushra_app.database import models

OWN = ("participant", "trial")
"""The blueprints of sessions that were begun here."""
NAMES = {"trial_id": "trial", "sound_id": "sound"}
"""What the OpenAPI document calls the arguments of routes."""
TAKES = {"token": "token", "trial_id": "my trial", "sound_id": "my sound"}
"""Which kind of identifier is right as an argument, so that it is no replacement."""


def identifiers(database):
    """Name every kind of identifier of every session: session → kind → one of them."""
    with database.reading() as db:
        return {
            session.token: {
                "token": session.token,
                "request_id": session.request_id,
                "session": session.id,
                "example": next(iter(session.examples.values()), "x" * 16),
                "trial": trial.public_id,
                "reference": trial.reference_id,
                "stimulus": db.scalars(
                    select(models.Presentation.public_id)
                    .filter_by(trial_id=trial.id)
                    .order_by(models.Presentation.position)
                ).first(),
            }
            for session in db.scalars(select(models.Session))
            for trial in db.scalars(
                select(models.Trial)
                .filter_by(session_id=session.id)
                .order_by(models.Trial.position)
                .limit(1)
            )
        }


def like(value, *, rng):
    """Make an unknown value of the same form: letters and digits are drawn anew."""
    letters = string.ascii_letters + string.digits
    return "".join(rng.choice(letters) if c.isalnum() else c for c in value)


def routes_of(app, blueprints):
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in blueprints:
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def body_of(method, path, bodies):
    described = re.sub(r"\{(\w+)\}", lambda m: "{" + NAMES.get(m[1], m[1]) + "}", path)
    models_of = {(o.method.upper(), o.path): o.body for o in OPERATIONS}
    model = models_of.get((method, described))
    return bodies[model.__name__] if model else None


def swapped(body, known, foreign):
    """Yield copies of a body, each with one of the known identifiers in it replaced."""
    entries = body.items() if isinstance(body, dict) else enumerate(body)
    for key, value in entries:
        if isinstance(value, dict | list):
            variants = swapped(value, known, foreign)
        else:
            variants = [foreign] if value in known else []
        for variant in variants:
            copied = body.copy()
            copied[key] = variant
            yield copied


def requests_with(app, me, sent, foreign_kind):
    """Yield every request of ``me`` with one identifier replaced by ``sent``.

    ``foreign_kind`` is one of the kinds of `foreign_values`. Events are left out: what they are
    about may be anything.
    """
    mine = identifiers(app.extensions["webmushra"].database)[me.token]
    arguments = {"token": me.token, "trial_id": mine["trial"], "sound_id": mine["stimulus"]}
    bodies = valid_bodies(me, mine["trial"])
    known = {mine["trial"], mine["stimulus"], me.request_id}
    for method, path in routes_of(app, OWN):
        body = body_of(method, path, bodies)
        for name in re.findall(r"\{(\w+)\}", path):
            if foreign_kind != TAKES[name]:
                yield method, path.format_map(arguments | {name: sent}), body
        if body and "events" not in body and not foreign_kind.startswith("my"):
            for variant in swapped(body, known, sent):
                yield method, path.format_map(arguments), variant


def foreign_values(database, me, other):
    """Yield (kind, value) of all that may stand where it doesn't belong."""
    for token, kinds in identifiers(database).items():
        is_open = token in (me.token, other.token)
        for kind, value in kinds.items():
            if is_open and kind == "request_id":
                continue  # begins the same session again, as it should
            yield _kind_for(me, token, kind, is_open=is_open), value


def _kind_for(me, token, kind, *, is_open):
    if token == me.token and kind in ("trial", "stimulus", "reference", "example"):
        return "my trial" if kind == "trial" else "my sound"
    return "key of a posted result" if kind == "token" and not is_open else kind
