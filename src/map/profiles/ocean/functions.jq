# Definitions that every expression of mapping.yaml may use.

# Identifiers, which are full refs, of the entities of a kind that a relation leads to.
def related($type; $kind): [.relations[] | select(.type == $type and .target.kind == $kind) | .targetRef];

def present: if . == null or length == 0 then null else . end;

# The type of an API in lower-case letters: `Open API` is `openapi`. Empty where it is none.
def api_type: (.spec.type | strings | ascii_downcase | gsub("[^a-z]"; "")) // "";
