"""What client.py and server.py share: instructions as JSON lines on stdin, answers as JSON lines on stdout."""

import json
import sys


def fields(message):
    """Every field of a protobuf message that its own proto knows, unset ones with their defaults."""
    return {field.name: _plain(getattr(message, field.name)) for field in message.DESCRIPTOR.fields}


def _plain(value):
    if isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "items"):
        return dict(value.items())
    return [fields(item) for item in value]


def failure(error):
    """What a failed call ended with."""
    trailers = {key: value for key, value in error.trailing_metadata() or () if isinstance(value, str)}
    return {"code": error.code().name, "details": error.details(), "trailers": trailers}


def serve_instructions(instructions):
    """Does what each line says until the input ends."""
    for line in sys.stdin:
        arguments = json.loads(line)
        what = arguments.pop("what")
        try:
            answer = instructions[what](**arguments)
        except Exception as error:  # the test is told, whatever it is
            answer = {"crash": repr(error)}
        print(json.dumps(answer), flush=True)
