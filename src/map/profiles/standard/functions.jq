# Definitions that every expression of mapping.yaml may use.

# Identifier of the entity that `{namespace, name}` means: the name alone in the namespace everybody uses.
def identifier:
  if (.namespace | ascii_downcase) == "default" then .name else .namespace + "/" + .name end;

# Identifiers of the entities of a kind that a relation leads to.
def related($type; $kind):
  [.relations[] | select(.type == $type and .target.kind == $kind) | .target | identifier];

# As `related`, but only entities that are not in the catalog: the others hold the fact themselves.
def elsewhere($type; $kind):
  [.relations[] | select(.type == $type and .target.kind == $kind and (.resolved | not)) | .target | identifier];

def present: if . == null or length == 0 then null else . end;

def links: [.metadata.links[]? | {url} + if .title then {displayText: .title} else {} end] | present;

# The kinds that mapping.yaml knows. An entity of another kind is not in Port, so it cannot hold a fact.
def has_blueprint:
  IN("component", "api", "resource", "system", "domain", "group", "user", "template", "airesource");

# Relations that are the other side of one that the target holds.
def is_inverse:
  IN("ownerOf", "hasPart", "apiProvidedBy", "apiConsumedBy", "dependencyOf", "parentOf", "hasMember");

# Relations that no relation of the blueprint holds, as text such as `dependsOn group:default/ops`. What the blueprint
# does hold is given as type and kind, `partOf system`: `$single` holds the first entity, `$many` all of them.
def other_relations($single; $many):
  [.relations[]
    | select((.type | is_inverse) and .resolved and (.target.kind | has_blueprint) | not)
    | .pair = .type + " " + .target.kind
    | select(.pair | IN($many[]) | not)] as $rest
  | $rest - [$single[] as $pair | first($rest[] | select(.pair == $pair))]
  | map(.type + " " + .targetRef)
  | present;

# A profile without the fields that every group and user has as properties, or none.
def without_shown_profile:
  if (.profile | type) != "object" then . else
    (.profile |= del(.displayName, .email, .picture)) | if .profile == {} then del(.profile) else . end
  end;

# Fields that no property holds, below `metadata` and `spec`. `known` are the fields of the spec that are held.
# The catalog's own bookkeeping (uid, etag, generation) is not the author's and changes by itself.
def other_fields(known):
  .spec.profile.displayName? as $name
  | {
      metadata: (
        .metadata
        | del(.name, .namespace, .identifier, .description, .labels, .annotations, .tags, .links,
            .uid, .etag, .generation)
        | if $name == null or $name == .title then del(.title) else . end),
      spec: ((.spec // {}) | del(known) | without_shown_profile)
    }
  | with_entries(select(.value | . != null and length > 0))
  | present;
