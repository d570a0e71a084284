# Definitions that every expression of mapping.yaml may use.

# Identifiers, which are names, of the entities of a kind that a relation leads to.
def related($type; $kind): [.relations[] | select(.type == $type and .target.kind == $kind) | .target.name] | unique;

def present: if . == null or length == 0 then null else . end;

def links: [.metadata.links[]? | {url} + if .title then {displayText: .title} else {} end] | present;

# The type of an API in lower-case letters: `Open API` is `openapi`. Empty where it is none.
def api_type: (.spec.type | strings | ascii_downcase | gsub("[^a-z]"; "")) // "";
