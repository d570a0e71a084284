# Definitions that every expression of mapping.yaml may use.

# Identifiers, which are names, of the entities of a kind that a relation leads to.
def related($type; $kind): [.relations[] | select(.type == $type and .target.kind == $kind) | .target.name] | unique;
