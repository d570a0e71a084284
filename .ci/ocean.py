"""Asks the mapping engine of Port's Ocean framework, as .ci/oracle installs it; tests/ocean.rs is who asks. Reads one
question a line and answers each with one line of JSON:

    {"leaf": jq, "input": value}                 -> {"value": value} or {"failed": message}
    {"quotes": text}                             -> {"value": text}: what is compiled for a text
    {"resource": {selector, port}, "input": …}   -> {"entities": [{…}…], "failed": how often the selector failed}

    target/oracle/ocean/.venv/bin/python .ci/ocean.py target/oracle/ocean < questions > answers
"""
import asyncio
import json
import pathlib
import sys
from types import SimpleNamespace

sys.path.insert(0, str(pathlib.Path(sys.argv[1]).resolve() / ".ocean"))

import port_ocean.core.handlers.entity_processor.jq_entity_processor as processor  # noqa: E402
import port_ocean.core.handlers.entity_processor.jq_entity_processor_sync as engine  # noqa: E402
import port_ocean.core.integrations.mixins.utils as mixins  # noqa: E402
from loguru import logger  # noqa: E402
from port_ocean.core.models import Entity  # noqa: E402

# The parts of the running framework that the functions under question look at.
FAILURES = []
ENGINE = engine.JQEntityProcessorSync
ENGINE._log_search_failure = staticmethod(lambda pattern, exc, field=None: FAILURES.append(str(exc)))
OCEAN = SimpleNamespace(
    config=SimpleNamespace(allow_environment_variables_jq_access=False, yield_items_to_parse_batch_size=1000),
    app=SimpleNamespace(
        integration=SimpleNamespace(entity_processor=processor.JQEntityProcessor(SimpleNamespace()))
    ),
)
engine.ocean = processor.ocean = mixins.ocean = OCEAN


async def items(port, data):
    """What an object is split into, as the framework does before it maps."""
    batches = mixins.handle_items_to_parse(
        [data],
        port.get("itemsToParseName", "item"),
        port["itemsToParse"],
        port.get("itemsToParseTopLevelTransform", True),
    )
    return [item async for batch in batches for item in batch]


def leaf(question):
    FAILURES.clear()
    value = ENGINE._search(question["input"], question["leaf"])
    return {"failed": FAILURES[0]} if FAILURES else {"value": value}


def resource(question):
    resource, data = question["resource"], question["input"]
    port = resource["port"]
    inputs = asyncio.run(items(port, data)) if "itemsToParse" in port else [data]
    entities, failed = [], 0
    for data in inputs:
        try:
            mapped = ENGINE._get_mapped_entity(data, port["entity"]["mappings"], resource["selector"]["query"]).entity
        except Exception:
            failed += 1
            continue
        # As JQEntityProcessor._parse_items decides.
        if mapped.get("identifier") and mapped.get("blueprint"):
            Entity.parse_obj(mapped)
            entities.append(mapped)
    return {"entities": entities, "failed": failed}


def main():
    logger.remove()
    for line in sys.stdin:
        question = json.loads(line)
        if "leaf" in question:
            answer = leaf(question)
        elif "quotes" in question:
            answer = {"value": ENGINE._format_filter(question["quotes"])}
        else:
            answer = resource(question)
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
