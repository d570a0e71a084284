"""Asks the mapping engine of Port's Ocean framework, as .ci/oracle installs it, one question a line; tests/ocean.rs is
who asks. Every answer is one line of JSON.

    target/oracle/ocean/.venv/bin/python .ci/ocean.py target/oracle/ocean < questions > answers

    {"leaf": jq, "input": value}                    -> {"value": value} or {"failed": message}
    {"selector": jq, "input": value}                -> {"value": boolean} or {"failed": message}
    {"quotes": text}                                -> {"value": text}: what is compiled for a text
    {"items": jq, "name": text, "removes": boolean, "input": value}
                                                    -> {"value": [input…]}: what an object is split into
    {"mapping": {…}, "input": value}                -> {"value": {…}} or {"value": null} for an object that is skipped
"""
import asyncio
import json
import pathlib
import sys
from types import SimpleNamespace

sys.path.insert(0, str(pathlib.Path(sys.argv[1]).resolve() / ".ocean"))

import port_ocean.core.handlers.entity_processor.jq_entity_processor as processor  # noqa: E402
import port_ocean.core.handlers.entity_processor.jq_entity_processor_sync as engine  # noqa: E402
import port_ocean.core.integrations.mixins.utils as items  # noqa: E402
from loguru import logger  # noqa: E402
from port_ocean.core.models import Entity  # noqa: E402

# The parts of the running framework that the functions under question look at.
CONFIG = SimpleNamespace(allow_environment_variables_jq_access=False, yield_items_to_parse_batch_size=1000)
FAILURES = []
ENGINE = engine.JQEntityProcessorSync
ENGINE._log_search_failure = staticmethod(lambda pattern, exc, field=None: FAILURES.append(str(exc)))
OCEAN = SimpleNamespace(config=CONFIG)
engine.ocean = processor.ocean = items.ocean = OCEAN
OCEAN.app = SimpleNamespace(
    integration=SimpleNamespace(entity_processor=processor.JQEntityProcessor(SimpleNamespace()))
)


async def split(question):
    batches = items.handle_items_to_parse(
        [question["input"]], question["name"], question["items"], question["removes"]
    )
    return [item async for batch in batches for item in batch]


def answer(question):
    data = question.get("input")
    if "leaf" in question:
        return ENGINE._search(data, question["leaf"])
    if "selector" in question:
        return ENGINE._search_as_bool(data, question["selector"])
    if "quotes" in question:
        return ENGINE._format_filter(question["quotes"])
    if "items" in question:
        return asyncio.run(split(question))
    mapped = ENGINE._get_mapped_entity(data, question["mapping"], "true").entity
    # As JQEntityProcessor._parse_items decides.
    if mapped.get("identifier") and mapped.get("blueprint"):
        Entity.parse_obj(mapped)
        return mapped
    return None


def main():
    logger.remove()
    for line in sys.stdin:
        question = json.loads(line)
        FAILURES.clear()
        try:
            value = answer(question)
        except Exception as exc:
            print(json.dumps({"failed": str(exc)}))
            continue
        failed = FAILURES and "mapping" not in question and "items" not in question
        print(json.dumps({"failed": FAILURES[0]} if failed else {"value": value}))


if __name__ == "__main__":
    main()
