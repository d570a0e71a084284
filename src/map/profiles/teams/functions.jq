# Definitions that every expression of mapping.yaml may use.

# Identifier of the entity that `{namespace, name}` means: the name alone in the namespace everybody uses.
def identifier:
  if (.namespace | ascii_downcase) == "default" then .name else .namespace + "/" + .name end;

# Identifiers of the entities of a kind that a relation leads to.
def related($type; $kind):
  [.relations[] | select(.type == $type and .target.kind == $kind) | .target | identifier];

# E-mail addresses, which are the identifiers of users in Port, of the users that a relation leads to. One that nobody
# tells is left out.
def users($type): [.relations[] | select(.type == $type and .target.kind == "user") | .target.email // empty];

# The e-mail address of this user.
def user_email:
  first(.spec.profile.email?, .metadata.annotations["microsoft.com/email"], .metadata.name
    | strings | select(test("^[^@\\s]+@[^@\\s]+$")))
  // error("a user of Port is known by an e-mail address and this one has none: add `spec.profile.email`");

def present: if . == null or length == 0 then null else . end;

def links: [.metadata.links[]? | {url} + if .title then {displayText: .title} else {} end] | present;

# The items of a text such as `a, b`.
def comma_list: strings | split(",") | map(trim) | map(select(. != "")) | present;

# The address in a location such as `url:https://github.com/acme/shop`; other locations have none.
def location_url: strings | select(startswith("url:")) | ltrimstr("url:");

# The type of an API in lower-case letters: `Open API` is `openapi`. Empty where it is none.
def api_type: (.spec.type | strings | ascii_downcase | gsub("[^a-z]"; "")) // "";

# The kinds that mapping.yaml knows. An entity of another kind is not in Port, so it cannot hold a fact.
def has_blueprint:
  IN("component", "api", "resource", "system", "domain", "group", "user", "template", "airesource");

# Relations that are the other side of one that the target holds.
def is_inverse:
  IN("ownerOf", "hasPart", "apiProvidedBy", "apiConsumedBy", "dependencyOf", "parentOf", "hasMember");

def dependencies: ["dependsOn component", "dependsOn resource", "dependsOn api", "dependsOn system"];

# Relations that no relation of the blueprint holds, as text such as `dependsOn group:default/ops`. What the blueprint
# does hold is given as type and kind, `partOf system`: `$single` holds the first entity, `$many` all of them.
def other_relations($single; $many):
  [.relations[]
    | select((.type | is_inverse) and .resolved and (.target.kind | has_blueprint) | not)
    # A user without an e-mail address cannot be named.
    | .pair = (if .target.kind == "user" and .target.email == null then null else .type + " " + .target.kind end)
    | select(.pair | IN($many[]) | not)] as $rest
  | $rest - [$single[] as $pair | first($rest[] | select(.pair == $pair))]
  | map(.type + " " + .targetRef)
  | present;

# Whether Backstage knows the kind and so makes relations of its spec. A `component`, and a Component of another
# apiVersion, is a kind of its own.
def is_known:
  if .kind == "Template" then .apiVersion == "scaffolder.backstage.io/v1beta3"
  elif .kind == "AiResource" then .apiVersion == "backstage.io/v1alpha1"
  else
    (.kind | IN("Component", "API", "Resource", "System", "Domain", "Group", "User"))
    and (.apiVersion | IN("backstage.io/v1alpha1", "backstage.io/v1beta1"))
  end;

# The field, if the entities it names hold the fact: those that are known but not converted do not.
def held_there(field; $type):
  if all(.relations[] | select(.type == $type and .resolved); .converted) then field else empty end;

# The field, if all its references are relations to these kinds.
def held_for(field; $type; $kinds):
  [.relations[] | select(.type == $type and (.target.kind | IN($kinds[])))] as $relations
  | if [field | if type == "array" then .[] else . end] | length <= ($relations | length) then field else empty end;

# Fields of an AiResource. Backstage makes no relation of a reference to another kind than these.
def ai_fields:
  .spec.category, .spec.rationale, .spec.version, .spec.license, .spec.compatibility, .spec.allowedTools,
  .spec.disciplines, .spec.categories, .spec.agents;
def ai_references:
  held_for(.spec.owner; "ownedBy"; ["group", "user"]),
  held_for(.spec.dependsOn; "dependsOn"; ["airesource"]),
  held_for(.spec.skills; "hasPart"; ["airesource"]),
  held_for(.spec.plugins; "hasPart"; ["airesource"]);

# Fields of groups and users.
def profile_fields: .spec.profile.displayName?, .spec.profile.email?, .spec.profile.picture?;

# What no property and no relation holds, as in the descriptor. `fields` are held by properties, `references` by relations
# if the kind is known. Of links, the property has no place for icons and types.
def other_fields(fields; references):
  (.spec.profile.displayName? // .metadata.title) as $title
  | [.metadata.links[]? | select(keys - ["title", "url"] != [])] as $links
  | del(fields, (if is_known then references else empty end))
  | del(
      .metadata.name, .metadata.namespace, .metadata.identifier, .metadata.description, .metadata.labels,
      .metadata.annotations, .metadata.tags, .metadata.links, .relations, .source)
  | if $links != [] then .metadata.links = $links else . end
  | if .metadata.title == $title then del(.metadata.title) else . end
  | if .spec.profile? | IN(null, {}) then del(.spec.profile) else . end
  | if .kind | IN("Component", "API", "Resource", "System", "Domain", "Group", "User", "Template", "AiResource")
    then del(.kind) else . end
  | if .apiVersion | IN("backstage.io/v1alpha1", "scaffolder.backstage.io/v1beta3") then del(.apiVersion) else . end
  | with_entries(select(.value | . != null and length > 0))
  | present;
