"""Reads manifests as Port's git integrations do, with Port's own mapping engine (Ocean), offline.

    target/oracle/ocean/.venv/bin/python .ci/ingest.py < jobs.ndjson > answers.ndjson

Job, one a line: {"provider": "github" | "gitlab" | "bitbucket" | "azure", "tree": folder, "mapping": file}. The folder stands
for a repository.
Answer, one a line: {"entities": what a resync of the repository writes, "deleted": [[blueprint, identifier]], which a push
of single files would delete, "faults": [text]}. Faults are what the engine raises, and files that a push finds and a resync
does not, or the other way round, if that changes the entities.

How files are found and read is restated from the integrations' code (port-labs/ocean, integrations github, gitlab-v2,
bitbucket-cloud and azure-devops); mapping and `itemsToParse` are the engine itself, which stands beside the Python that runs
this file. Needs ruamel.yaml and wcmatch, as GitHub's integration does.
"""
import asyncio
import fnmatch
import functools
import json
import pathlib
import sys

import yaml
from ruamel.yaml import YAML
from wcmatch import glob

ENGINE = pathlib.Path(sys.prefix).parent / ".ocean"
sys.path.insert(0, str(ENGINE))

from loguru import logger  # noqa: E402
import port_ocean.core.handlers.entity_processor.jq_entity_processor as processor  # noqa: E402
import port_ocean.core.handlers.entity_processor.jq_entity_processor_sync as engine  # noqa: E402
import port_ocean.core.integrations.mixins.utils as mixins  # noqa: E402
from port_ocean.core.handlers.port_app_config.models import PortAppConfig  # noqa: E402
from port_ocean.core.models import Entity  # noqa: E402

# What the integrations pass over: beyond the limit of the API, or of Bitbucket's code search.
LIMITS = {"github": 1024 * 1024, "gitlab": 1_000_000, "bitbucket": 320_000, "azure": 1024 * 1024}


class _Config:
    allow_environment_variables_jq_access = False
    yield_items_to_parse_batch_size = 100


class _Ocean:
    """The settings and parts of the running framework that the engine asks for."""

    config = _Config()

    class app:
        class integration:
            entity_processor = None


def is_found(provider: str, files: dict, path: str, is_push: bool) -> bool:
    """Whether a selector `files` finds a path, on a push or on a resync."""
    pattern = files.get("path")
    if provider in ("github", "azure"):
        patterns = pattern if isinstance(pattern, list) else [pattern]
        flags = glob.GLOBSTAR | glob.IGNORECASE | glob.DOTGLOB
        return any(glob.globmatch(path, one.strip("/"), flags=flags) for one in patterns)
    if provider == "gitlab":
        if is_push:
            return fnmatch.fnmatchcase(path, pattern)
        assert files["searchStrategy"] == "repositoryTree", "GitLab's search cannot be run offline"
        full = pattern if "/" in pattern else f"**/{pattern}"
        return glob.globmatch(path, full, flags=glob.GLOBSTAR | glob.DOTGLOB)
    folder, _, name = path.rpartition("/")
    if is_push:
        in_folder = fnmatch.fnmatchcase(folder, pattern) or (not folder and pattern in ("/", ""))
        return in_folder and any(fnmatch.fnmatchcase(name, one) for one in files["filenames"])
    for one in files["filenames"]:
        wanted = "*" if pattern in ("*/", "*", "**/*", "**", "") else pattern.rstrip("/")
        if path.endswith(one) and fnmatch.fnmatchcase(path[: -len(one)].rstrip("/"), wanted):
            return True
    return False


@functools.cache
def yaml_1_1(text: str) -> object:
    """Three of the integrations read the same text with the same parser, which is slow."""
    return yaml.safe_load(text)


def parsed(provider: str, path: str, text: str) -> object:
    """What the integration makes of the text of a file; what it cannot parse stays text."""
    try:
        if provider in ("github", "bitbucket"):
            if path.endswith(".json"):
                return json.loads(text)
            if not path.endswith((".yaml", ".yml")):
                return text
            return YAML(typ="safe").load(text) if provider == "github" else yaml_1_1(text)
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            pass
        if provider == "azure":
            return yaml_1_1(text)
        values = [yaml_1_1(piece) for piece in text.split("\n---\n") if piece.strip()]
        return [item for one in values for item in (one if isinstance(one, list) else [one])]
    except Exception:
        return text


def raw(provider: str, path: str, text: str) -> dict:
    """The object that the mapping sees."""
    content = parsed(provider, path, text)
    name = path.rpartition("/")[2]
    if provider == "github":
        return {"organization": "o", "content": content, "repository": {"name": "r"}, "branch": "main", "path": path,
                "name": name, "metadata": {"path": path}}
    if provider == "gitlab":
        return {"file": {"content": content, "path": path, "project_id": "1"}, "repo": {"name": "r"}}
    if provider == "bitbucket":
        return {"content": content, "repo": {"name": "r"}, "branch": "main", "metadata": {"path": path}}
    return {"kind": "file", "file": {"path": path, "content": {"raw": text, "parsed": content}, "size": len(text)},
            "repo": {"name": "r"}}


def expanded(item: dict, resource) -> list:
    """The items of a raw object, by the engine's `itemsToParse`."""
    port = resource.port
    if not port.items_to_parse:
        return [item]

    async def collect() -> list:
        batches = mixins.handle_items_to_parse(
            [item], port.items_to_parse_name, port.items_to_parse, port.items_to_parse_top_level_transform
        )
        return [one async for batch in batches for one in batch]

    return asyncio.run(collect())


def mapped(item: dict, mappings: dict, query: str) -> tuple:
    """The entity of an item, or None, and whether it passed the selector."""
    result = engine.JQEntityProcessorSync._get_mapped_entity(item, mappings, query, True)
    entity = result.entity
    if not (entity.get("identifier") and entity.get("blueprint")):
        return None, result.did_entity_pass_selector
    Entity.parse_obj(entity)  # raises where a field has a type that the framework does not send
    return entity, result.did_entity_pass_selector


def ingest(provider: str, tree: str, mapping: str) -> dict:
    document = yaml.safe_load(pathlib.Path(mapping).read_text(encoding="utf-8"))
    config = PortAppConfig.parse_obj(document)
    root = pathlib.Path(tree)
    paths = [file.relative_to(root).as_posix() for file in sorted(root.rglob("*")) if file.is_file()]
    raws: dict = {}
    answer: dict = {"entities": [], "deleted": [], "faults": []}
    written: dict = {}  # by file, what a push of it writes
    doomed: dict = {}  # by file, what it would delete
    pushed = []
    resources = zip(config.resources, document["resources"])
    for resource, written_as in resources:
        mappings = resource.port.entity.mappings.dict(exclude_unset=True)
        key = {name: mappings[name] for name in ("identifier", "blueprint")}
        files = written_as["selector"]["files"]  # the framework's own model does not keep them
        files = files if isinstance(files, list) else [files]
        for path in paths:
            resync, push = (any(is_found(provider, one, path, is_push) for one in files) for is_push in (False, True))
            if not (resync or push) or (root / path).stat().st_size > LIMITS[provider]:
                continue
            if path not in raws:
                raws[path] = raw(provider, path, (root / path).read_text(encoding="utf-8"))
            for item in expanded(raws[path], resource):
                try:
                    _, passed = mapped(item, key, resource.selector.query)
                    entity, _ = mapped(item, mappings if passed else key, resource.selector.query)
                except Exception as exc:
                    answer["faults"].append(f"{path}: {exc}")
                    continue
                if entity is None:
                    continue
                pair = (entity["blueprint"], entity["identifier"])
                if not passed:
                    if push:
                        doomed.setdefault(path, set()).add(pair)
                    continue
                if resync:
                    answer["entities"].append(entity)
                if push:
                    pushed.append(entity)
                    written.setdefault(path, set()).add(pair)
    if pushed != answer["entities"]:
        answer["faults"].append("a push writes other entities than a resync")
    lost = {pair for path, pairs in doomed.items() for pair in pairs - written.get(path, set())}
    answer["deleted"] = sorted(lost)
    return answer


def main() -> None:
    logger.remove()
    stub = _Ocean()
    stub.app.integration.entity_processor = processor.JQEntityProcessor(context=None)
    for module in (engine, processor, mixins):
        module.ocean = stub
    for line in sys.stdin:
        answer = ingest(**json.loads(line))
        print(json.dumps(answer, ensure_ascii=False, default=str), flush=True)


if __name__ == "__main__":
    main()
