# What every expression finds besides the functions of the program: jq 1.8's library where it differs from jaq's, and
# without what would leave the sandbox or make two runs differ.

# The sandbox
def env: {};
def halt: error("`halt` is not available here");
def halt($code): halt;
def halt_error: error("`halt_error` is not available here");
def halt_error($code): halt_error;
def input: error("No more inputs");
def inputs: empty;
def input_filename: null;
def input_line_number: error("Unknown input line number");
def now: error("`now` is not available here: manifests must be the same in every run");
def localtime: error("`localtime` is not available here: manifests must be the same on every machine");
def strflocaltime($format): error("`strflocaltime` is not available here: manifests must be the same on every machine");
def debug: .;
def debug(message): .;
def stderr: .;
def get_search_list: [];
def have_literal_numbers: true;
def have_decnum: true;

# Values
def scalars: select(type != "array" and type != "object");
def iterables: select(type == "array" or type == "object");
def toboolean:
  if type == "boolean" then .
  elif . == "true" then true
  elif . == "false" then false
  else error("\(type) (\(tojson)) cannot be parsed as a boolean") end;
def in(whole): . as $key | whole | has($key);
def inside(whole): . as $part | whole | contains($part);
def index($part): indices($part) | .[0];
def rindex($part): indices($part) | .[-1:][0];
def keys: keys_unsorted | sort;
def tostring: "\(.)";
def @json: tojson;

# Streams
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; stream; key): stream | [., $index[key]];
def JOIN($index; stream; key; joined): stream | [., $index[key]] | joined;
def limit($n; f): if $n < 0 then error("limit doesn't support negative count") else limit_($n; f) end;
def skip($n; f): if $n < 0 then error("skip doesn't support negative count") else skip_($n; f) end;
def nth($n; f): if $n < 0 then error("nth doesn't support negative indices") else first(skip_($n; f)) end;

# Arrays
def reverse:
  if type == "array" then [range(length - 1; -1; -1) as $i | .[$i]]
  elif length == 0 then []
  else .[length - 1] end;
def flatten($depth):
  def flat($depth): .[] | if type == "array" and $depth > 0 then flat($depth - 1) else . end;
  if $depth < 0 then error("flatten depth must not be negative") else [flat($depth)] end;
def flatten: flatten(1000000000);
def transpose: [range([.[] | length] | max // 0) as $i | [.[] | .[$i]]];
def combinations: if length == 0 then [] else .[0][] as $first | (.[1:] | combinations) as $rest | [$first] + $rest end;
def combinations($n): . as $items | [range($n) | $items] | combinations;
def join($separator):
  def text: if . == null then "" elif type == "boolean" or type == "number" then tojson else . end;
  reduce .[] as $item (null; (if . == null then "" else . + $separator end) + ($item | text)) // "";
def pick(f): . as $whole | reduce path(f) as $path (null; setpath($path; $whole | getpath($path)));
def del(f): delpaths([path(f)]);
def paths(f): . as $whole | paths | select(. as $path | $whole | getpath($path) | f);

# Objects
def from_entries:
  reduce .[] as $entry ({};
    . + ($entry | {(.key // .name // .Name // .Key): (if has("value") then .value else .Value end)}));
def with_entries(f): to_entries | map(f) | from_entries;

# Streamed values
def tostream:
  def events($path):
    if (type == "array" or type == "object") and length > 0 then
      . as $value
      | (keys_unsorted | .[-1]) as $last
      | (keys_unsorted[] as $key | $value[$key] | events($path + [$key])),
        [$path + [$last]]
    else [$path, .] end;
  events([]);
def fromstream(events):
  foreach events as $event (null;
    if .complete then null else . end
    | if $event | length == 2 then
        .value |= setpath($event[0]; $event[1]) | .complete = ($event[0] | length == 0)
      else .complete = ($event[0] | length == 1) end;
    if .complete then .value else empty end);
def truncate_stream(stream):
  . as $depth | stream | select(.[0] | length > $depth) | setpath([0]; .[0][$depth:]);

# Texts
def trimstr($x): ltrimstr($x) | rtrimstr($x);
def named: reduce (.captures[] | select(.name != null)) as $group ({}; . + {($group.name): $group.string});
def pattern(f):
  if type == "string" then [., null]
  elif type == "array" and length > 0 then [.[0], .[1]]
  else error("\(type) not a string or array") end;
def match($re; $flags): matches($re; $flags)[];
def match($re): ($re | pattern(.)) as [$re, $flags] | match($re; $flags);
def test($re; $flags): matches($re; $flags) != [];
def test($re): ($re | pattern(.)) as [$re, $flags] | test($re; $flags);
def capture($re; $flags): match($re; $flags) | named;
def capture($re): match($re) | named;
def scan($re; $flags): match($re; "g" + $flags) | if .captures == [] then .string else [.captures[].string] end;
def scan($re): scan($re; null);
def sub($re; replacement; $flags):
  . as $text
  | reduce match($re; $flags) as $found ({texts: [], at: 0};
      $text[.at:$found.offset] as $before
      | [$found | named | replacement] as $new
      | reduce range($new | length) as $i (.; .texts[$i] += $before + $new[$i])
      | .at = $found.offset + $found.length)
  | (.texts[] + $text[.at:]) // $text;
def sub($re; replacement): sub($re; replacement; "");
def gsub($re; replacement; $flags): sub($re; replacement; $flags + "g");
def gsub($re; replacement): sub($re; replacement; "g");
def split($re; $flags):
  . as $text
  | [foreach (match($re; $flags + "g"), null) as $found ({next: 0};
      .at = .next
      | .end = $found.offset
      | .next = $found.offset + $found.length;
      $text[.at:.end])];
def splits($re; $flags): split($re; $flags)[];
def splits($re): splits($re; null);
def cells(format; text):
  if type != "array" then error("\(type) (\(tojson)) cannot be \(format)-formatted, only array") else . end
  | map(
      if type == "string" then text
      elif . == null then ""
      elif type == "array" or type == "object" then error("\(type) (\(tojson)) is not valid in a csv row")
      else tojson end);
def @csv: cells("csv"; "\"" + gsub("\""; "\"\"") + "\"") | join(",");
def @tsv: cells("tsv"; gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r")) | join("\t");
def @sh:
  def quoted:
    if type == "array" or type == "object" then error("\(type) (\(tojson)) can not be escaped for shell")
    elif type == "string" then "'\(escape_sh)'"
    else tojson end;
  if type == "array" then map(quoted) | join(" ") else quoted end;

# Dates
def mktime:
  if type != "array" then error("mktime requires array inputs")
  elif any(.[:6][]; type != "number") then error("mktime requires parsed datetime inputs")
  else . + [range(6 - length) | 0] | .[5] |= floor | mktime_ end;
def strftime($format):
  (if type == "array" then mktime elif type == "number" then floor
   else error("strftime/1 requires parsed datetime inputs") end)
  | strftime_($format | gsub("(?<!%)%Z"; "GMT"));
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todate: todateiso8601;
def fromdate: fromdateiso8601;
