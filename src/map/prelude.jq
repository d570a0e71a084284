# What every expression finds besides jq's own library: first what would leave the sandbox or make two runs differ,
# then what jq 1.8 has and jaq has not.

def env: {};
def halt: error("`halt` is not available here");
def halt($code): halt;
def halt_error: error("`halt_error` is not available here");
def halt_error($code): halt_error;
def input: error("No more inputs");
def inputs: empty;
def input_filename: null;
def input_line_number: 0;
def now: error("`now` is not available here: manifests must be the same in every run");
def localtime: error("`localtime` is not available here: manifests must be the same on every machine");
def strflocaltime($format): error("`strflocaltime` is not available here: manifests must be the same on every machine");

def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def ascii: [.] | implode;
def toarray: if type == "array" then . else [.] end;
def trimstr($x): ltrimstr($x) | rtrimstr($x);
def leaf_paths: paths(scalars);
def date: todate;
def tostream:
  def events($path):
    if (type == "array" or type == "object") and length > 0 then
      . as $value
      | (keys_unsorted | .[-1]) as $last
      | (keys_unsorted[] as $key | $value[$key] | events($path + [$key])),
        [$path + [$last]]
    else [$path, .] end;
  events([]);
def cells(text):
  map(
    if type == "string" then text
    elif . == null then ""
    elif type == "array" or type == "object" then error("arrays and objects do not fit into a row")
    else tostring end);
def @csv: cells("\"" + gsub("\""; "\"\"") + "\"") | join(",");
def @tsv: cells(gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r")) | join("\t");
