/* base/doc_yaml: what go-yaml v2 under sigs.k8s.io/yaml 1.6 reads and writes. The tables were filled
 * by that library (YAMLToJSON, JSONToYAML); where we go another way a comment says so. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc_yaml.h"

#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"

#include "tests/lib/unit.h"

static const char *const reads[][2] = {
    { "", "null" },
    { "---\n", "null" },
    { "# only a comment\n", "null" },
    { "a: 1\nb: text\n", "{\"a\":1,\"b\":\"text\"}" },
    { "- 1\n- [a, {b: c}]\n- {}\n- []\n", "[1,[\"a\",{\"b\":\"c\"}],{},[]]" },
    { "yes: no\n", "{\"true\":false}" },
    { "- [y, Y, yes, Yes, YES, on, true, True]\n- [n, N, no, Off, FALSE]\n- [yES, tRue, oN]\n",
      "[[true,true,true,true,true,true,true,true],[false,false,false,false,false],[\"yES\",\"tRue\",\"oN\"]]" },
    { "- [~, null, Null, NULL, '']\n- \n- nUll\n", "[[null,null,null,null,\"\"],null,\"nUll\"]" },
    { "- [0777, 0o17, 08, 0x1F, -0x1f, 0b101, -0b11, 0b-1, 1_000, _1, +5, -0]\n",
      "[[511,15,8,31,-31,5,-3,-1,1000,\"_1\",5,0]]" },
    { "- [9223372036854775807, 9223372036854775808, 18446744073709551615, 18446744073709551616, -9223372036854775808]\n",
      "[[9223372036854775807,9223372036854775808,18446744073709551615,18446744073709552000,-9223372036854775808]]" },
    { "- [1.5, .5, 5., +.5, 1e3, 1e21, 1.5e-7, 1e400, 1_0.5, -0.0]\n",
      "[[1.5,0.5,5,0.5,1000,1e+21,1.5e-7,\"1e400\",10.5,-0]]" },
    { "a: .inf\n", "error converting YAML to JSON: json: unsupported value: +Inf" },
    { "a: -.Inf\n", "error converting YAML to JSON: json: unsupported value: -Inf" },
    { "a: .NaN\n", "error converting YAML to JSON: json: unsupported value: NaN" },
    { "- 2001-01-01\n- 2025-11-24T07:05:12Z\n- 12:30:45\n",
      "[\"2001-01-01\",\"2025-11-24T07:05:12Z\",\"12:30:45\"]" },
    { "- 'yes'\n- \"1\"\n- '~'\n- \"\\x41\\u00e9\\n\"\n- 'it''s'\n",
      "[\"yes\",\"1\",\"~\",\"A\xc3\xa9\\n\",\"it's\"]" },
    { "1: a\ntrue: b\n1.5: c\n0x10: d\nno: e\n1e21: f\n.inf: g\n",
      "{\".inf\":\"g\",\"1\":\"a\",\"1.5\":\"c\",\"16\":\"d\",\"1e+21\":\"f\",\"false\":\"e\",\"true\":\"b\"}" },
    { "~: a\n", "error converting YAML to JSON: unsupported map key of type: %!s(<nil>), key: ~" },
    { "? [a]\n: b\n",
      "error converting YAML to JSON: yaml: invalid map key: []interface {}{\"a\"}" },
    { "a: {{ .Values.x }}\n",
      "error converting YAML to JSON: yaml: invalid map key: map[interface {}]interface {}{\".Values.x\":interface {}(nil)}" },
    { "{1: {2: [~, yes, 1.5]}}: x\n",
      "error converting YAML to JSON: yaml: invalid map key: map[interface {}]interface {}{1:map[interface {}]interface {}{2:[]interface {}{interface {}(nil), true, 1.5}}}" },
    { "- !!str 1\n- !!int \"12\"\n- !!float 3\n- !!bool yes\n- !!null ''\n- !custom 12\n- !!binary aGVsbG8=\n- !!str\n- ! 12\n",
      "[\"1\",12,3,true,null,\"12\",\"hello\",\"\",\"12\"]" },
    { "!!int x\n", "error converting YAML to JSON: yaml: cannot decode !!str `x` as a !!int" },
    { "!!float yes\n",
      "error converting YAML to JSON: yaml: cannot decode !!bool `yes` as a !!float" },
    { "!!binary '%'\n",
      "error converting YAML to JSON: yaml: !!binary value contains invalid base64 data" },
    { "!!timestamp 2001-1-1\n", "\"2001-1-1\"" },
    { "!!timestamp x\n",
      "error converting YAML to JSON: yaml: cannot decode !!str `x` as a !!timestamp" },
    { "a: &x {k: [1]}\nb: *x\nc: *x\n", "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]},\"c\":{\"k\":[1]}}" },
    { "a: *x\n", "error converting YAML to JSON: yaml: unknown anchor 'x' referenced" },
    { "a: &x [*x]\n", "error converting YAML to JSON: yaml: anchor 'x' value contains itself" },
    { "base: &b {x: 1, y: 2}\none:\n  <<: *b\n  y: 3\ntwo:\n  y: 3\n  <<: *b\n",
      "{\"base\":{\"true\":2,\"x\":1},\"one\":{\"true\":3,\"x\":1},\"two\":{\"true\":2,\"x\":1}}" },
    { "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc:\n  <<: [*a, *b]\n",
      "{\"a\":{\"x\":1},\"b\":{\"true\":2,\"x\":2},\"c\":{\"true\":2,\"x\":1}}" },
    { "a:\n  <<: 1\n",
      "error converting YAML to JSON: yaml: map merge requires map or sequence of maps as the value" },
    { "a:\n  <<: [1]\n",
      "error converting YAML to JSON: yaml: map merge requires map or sequence of maps as the value" },
    { "a:\n  '<<': 1\n", "{\"a\":{\"\\u003c\\u003c\":1}}" },
    { "a: 1\na: 2\n", "{\"a\":2}" },
    { "a: |\n  one\n  two\n\nb: |-\n  x\nc: |+\n  y\n\nd: >\n  folded\n  text\n\n  more\n",
      "{\"a\":\"one\\ntwo\\n\",\"b\":\"x\",\"c\":\"y\\n\\n\",\"d\":\"folded text\\nmore\\n\"}" },
    { "a: plain\n  goes on\nb: \"dq\n  goes on\"\n",
      "{\"a\":\"plain goes on\",\"b\":\"dq goes on\"}" },
    { "a: b: c\n",
      "error converting YAML to JSON: yaml: mapping values are not allowed in this context" },
    { "a:\n  - b\n c: d\n",
      "error converting YAML to JSON: yaml: line 2: did not find expected key" },
    { "a: [1, 2\nb: 3\n",
      "error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'" },
    { "a: \"open\n",
      "error converting YAML to JSON: yaml: line 2: found unexpected end of stream" },
    { "\ta: 1\n",
      "error converting YAML to JSON: yaml: found character that cannot start any token" },
    { "a: @x\n",
      "error converting YAML to JSON: yaml: found character that cannot start any token" },
    { "a: %x\n",
      "error converting YAML to JSON: yaml: found character that cannot start any token" },
    { "a: 'x\n", "error converting YAML to JSON: yaml: line 2: found unexpected end of stream" },
    { "- a\nb: c\n",
      "error converting YAML to JSON: yaml: line 1: did not find expected '-' indicator" },
    { "a: b\n- c\n", "error converting YAML to JSON: yaml: line 1: did not find expected key" },
    { "key: &x\n*x\n", "error converting YAML to JSON: yaml: line 3: could not find expected ':'" },
    { "%YAML 1.1\n---\na: 1\n", "{\"a\":1}" },
    { "%YAML 2.0\n---\na: 1\n",
      "error converting YAML to JSON: yaml: found incompatible YAML document" },
    { "a: 1\n---\nb: 2\n", "{\"a\":1}" },
    { "a: \x01\n", "error converting YAML to JSON: yaml: control characters are not allowed" },
    { "a: \xff\n", "error converting YAML to JSON: yaml: invalid leading UTF-8 octet" },
    { "\xef\xbb\xbf"
      "a: 1\n",
      "{\"a\":1}" },
    { "a: <&>\xe2\x80\xa8\n", "{\"a\":\"\\u003c\\u0026\\u003e\"}" },
    { "a: !!map {b: 1}\n", "{\"a\":{\"b\":1}}" },
    { "a: 1 # comment\nb: x#y\n", "{\"a\":1,\"b\":\"x#y\"}" },
    { "a: &anchor\nb: *anchor\n", "{\"a\":null,\"b\":null}" },
    { "? a\n: b\n? c\n", "{\"a\":\"b\",\"c\":null}" },
    { "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  on: \"yes\"\n  port: \"8080\"\n",
      "{\"apiVersion\":\"v1\",\"data\":{\"port\":\"8080\",\"true\":\"yes\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"shop\"}}" },
};

static const char *const writes[]
                               [2] = {
                                   { "null", "null\n" },
                                   { "true", "true\n" },
                                   { "\"text\"", "text\n" },
                                   { "\"\"", "\"\"\n" },
                                   { "{}", "{}\n" },
                                   { "[]", "[]\n" },
                                   { "12", "12\n" },
                                   { "-0", "0\n" },
                                   { "1.0", "1\n" },
                                   { "1.50", "1.5\n" },
                                   { "1e21", "1e+21\n" },
                                   { "1e5", "100000\n" },
                                   { "1234567.5", "1.2345675e+06\n" },
                                   { "0.00001", "1e-05\n" },
                                   { "18446744073709551615", "18446744073709551615\n" },
                                   { "18446744073709551616", "1.8446744073709552e+19\n" },
                                   { "{\"a\":{},\"b\":[],\"c\":null,\"d\":[[]],\"e\":[{}]}",
                                     "a: {}\nb: []\nc: null\nd:\n- []\ne:\n- {}\n" },
                                   { "{\"a\":{\"b\":{\"c\":1}}}", "a:\n  b:\n    c: 1\n" },
                                   { "{\"a\":[1,2]}", "a:\n- 1\n- 2\n" },
                                   { "{\"a\":[{\"b\":1,\"c\":[2]},[3,[4]]]}",
                                     "a:\n- b: 1\n  c:\n  - 2\n- - 3\n  - - 4\n" },
                                   { "[[1],{\"a\":1}]", "- - 1\n- a: 1\n" },
                                   { "[\"yes\",\"No\",\"on\",\"y\",\"true\",\"null\",\"~\",\"\",\"1\",\"0x1f\",\"1.5\",\"1e3\",\".5\",\".inf\",\"08\",\"1_000\",\"0b1\",\"-\",\"+1\",\"1:30\",\"12:30:45\",\"2025-01-01\",\"2025-11-24T07:05:12Z\",\"2025-11-24 07:05\",\"<<\",\"=\"]",
                                     "- \"yes\"\n- \"No\"\n- \"on\"\n- \"y\"\n- \"true\"\n- \"null\"\n- \"~\"\n- \"\"\n- \"1\"\n- \"0x1f\"\n- \"1.5\"\n- \"1e3\"\n- \".5\"\n- \".inf\"\n- \"08\"\n- \"1_000\"\n- \"0b1\"\n- '-'\n- \"+1\"\n- \"1:30\"\n- \"12:30:45\"\n- \"2025-01-01\"\n- \"2025-11-24T07:05:12Z\"\n- 2025-11-24 07:05\n- <<\n- =\n" },
                                   { "[\"- a\",\"a: b\",\"a:b\",\"a:\",\"#c\",\"a #b\",\"a#b\",\"@x\",\"%x\",\"!x\",\"&a\",\"*a\",\"?\",\"? x\",\"?x\",\"|\",\">\",\"[a]\",\"{a}\",\"'q'\",\"\\\"q\\\"\",\"a'b\",\"a\\\"b\",\"--\",\"---\",\"...\",\"a,b\",\"a]\",\"x: \",\"\\\\\"]",
                                     "- '- a'\n- 'a: b'\n- a:b\n- 'a:'\n- '#c'\n- 'a #b'\n- a#b\n- '@x'\n- '%x'\n- '!x'\n- '&a'\n- '*a'\n- '?'\n- '? x'\n- ?x\n- '|'\n- '>'\n- '[a]'\n- '{a}'\n- '''q'''\n- '\"q\"'\n- a'b\n- a\"b\n- --\n- '---'\n- '...'\n- a,b\n- a]\n- 'x: '\n- \\\n" },
                                   { "[\" a\",\"a \",\"  \",\"a  b\",\"\\t\",\"a\\tb\",\"\\u0001\",\"\xc3\xa9\",\"\xe6\x97\xa5\xe6\x9c\xac\",\"\xf0\x9f\x98\x80\",\"\xc2\xa0\",\"\xef\xbb\xbf"
                                     "a\",\"\\r\",\"a\\rb\",\"\\u2028\",\"a\\u2028b\"]",
                                     "- ' a'\n- 'a '\n- '  '\n- a  b\n- \"\\t\"\n- \"a\\tb\"\n- \"\\x01\"\n- \xc3\xa9\n- \xe6\x97\xa5\xe6\x9c\xac\n- \"\\U0001F600\"\n- \xc2\xa0\n- \"\\uFEFF\\x61\"\n- \"\\r\"\n- \"a\\rb\"\n- '\xe2\x80\xa8'\n- 'a\xe2\x80\xa8  b'\n" },
                                   { "[\"a\\n\",\"a\\nb\",\"a\\n\\n\",\"\\n\",\"\\na\",\"a\\n b\\n\",\" a\\nb\",\"a \\nb\",\"a\\nb \",\"a\\tb\\nc\",\"\\n\\n\"]",
                                     "- |\n  a\n- |-\n  a\n  b\n- |+\n  a\n\n- |2+\n\n- |2-\n\n  a\n- |\n  a\n   b\n- |2-\n   a\n  b\n- \"a \\nb\"\n- \"a\\nb \"\n- \"a\\tb\\nc\"\n- |2+\n\n\n" },
                                   { "{\"a\":\"x\\ny\\n\",\"b\":\"x\\ny\",\"c\":\" x\\ny\\n\",\"d\":[\"x\\ny\\n\"]}",
                                     "a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |2\n   x\n  y\nd:\n- |\n  x\n  y\n" },
                                   { "{\"\":3,\"~\":6,\"1\":2,\"a\\nb\":7,\"a b\":4,\"a: b\":5,\"null\":[1],\"true\":{\"a\":1},\"x.y/z-w\":8,\"yes\":1}",
                                     "\"\": 3\n\"~\": 6\n\"1\": 2\n? |-\n  a\n  b\n: 7\na b: 4\n'a: b': 5\n\"null\":\n- 1\n\"true\":\n  a: 1\nx.y/z-w: 8\n\"yes\": 1\n" },
                                   { "{\"message\":\"The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. Container nginx was using 120Mi, request is 64Mi, has larger consumption of memory.\"}",
                                     "message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available:\n  52Mi. Container nginx was using 120Mi, request is 64Mi, has larger consumption of\n  memory.'\n" },
                                   { "{\"m\":\"quoted: The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi.  Two blanks here, and more text to fold.\"}", "m: 'quoted: The node was low on resource: memory. Threshold quantity: 100Mi, available:\n  52Mi.  Two blanks here, and more text to fold.'\n" },
                                   { "{\"m\":\"yes\\tdouble quoted because of the tab, and long enough to be folded at the column which is eighty,  with two blanks and \\\"quotes\\\".\"}",
                                     "m: \"yes\\tdouble quoted because of the tab, and long enough to be folded at the column\n  which is eighty,  with two blanks and \\\"quotes\\\".\"\n" },
                                   { "{\"m\":\"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 end\"}",
                                     "m: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n  end\n" },
                                   { "{\"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\":{\"a\":[1]}}",
                                     "? \"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"\n: a:\n  - 1\n" },
                                   { "{\"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\":[\"x\"]}",
                                     "? \"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"\n: - x\n" },
                                   { "{\"kubectl.kubernetes.io/last-applied-configuration\":\"{\\\"apiVersion\\\":\\\"v1\\\",\\\"kind\\\":\\\"ConfigMap\\\"}\\n\"}",
                                     "kubectl.kubernetes.io/last-applied-configuration: |\n  {\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}\n" },
                               };

static struct val
parse(struct arena *arena, struct str json)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, json, &err);

    assert_null(err);
    return doc_root(doc);
}

static const char *
canonical(struct arena *arena, struct str json)
{
    struct jw w;

    jw_init(&w, arena);
    jw_canonical(&w, parse(arena, json));
    return arena_dupz(arena, jw_done(&w));
}

/* JSON, or the text of the error. */
static const char *
read_yaml(struct arena *arena, struct str yaml)
{
    AUTO_ERR struct err *err = NULL;
    struct str json = { 0 };

    if (doc_yaml_to_json(arena, yaml, &json, &err) < 0) {
        assert_int_equal(err->code, ERR_BAD_REQUEST);
        return arena_dupz(arena, str_of(err->message));
    }
    return arena_dupz(arena, json);
}

static void
test_reads_as_go_yaml(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        const char *json = read_yaml(arena, str_of(reads[i][0])), *expected = reads[i][1];

        if (strncmp(expected, "error", 5) != 0 && strncmp(json, "error", 5) != 0) {
            json = canonical(arena, str_of(json)); /* Go has sorted the keys */
            expected = canonical(arena, str_of(expected));
        }
        assert_string_equal(json, expected);
    }
}

static void
test_writes_as_go_yaml(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct str_builder b = { 0 };

        doc_yaml_write(&b, parse(arena, str_of(writes[i][0])));
        AUTO_FREE char *yaml = str_steal(&b);
        assert_string_equal(yaml, writes[i][1]);
    }
}

static void
test_what_is_written_is_read_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_ERR struct err *err = NULL;
        struct str json = { 0 };
        struct val v = parse(arena, str_of(writes[i][0]));

        assert_int_equal(doc_yaml_to_json(arena, str_of(writes[i][1]), &json, &err), 0);
        assert_true(val_eq(v, parse(arena, json)));
    }
}

/* Where go-yaml writes what it would not read again. */
static void
test_merge_key_as_a_name_is_quoted(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_STR struct str_builder b = { 0 };

    doc_yaml_write(&b, parse(arena, STR("{\"<<\":1,\"a\":\"\\u0085\"}")));
    assert_true(str_is(str_view(&b), "\"<<\": 1\na: \"\\N\"\n"));
}

static void
test_order_and_duplicates_stay(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct str json = { 0 }, twice = { 0 };

    assert_int_equal(doc_yaml_to_json(arena, STR("b: 1\na: {c: 2}\nb: 3\n"), &json, &err), 0);
    assert_true(str_is(json, "{\"b\":1,\"a\":{\"c\":2},\"b\":3}"));
    assert_string_equal(read_yaml(arena, STR("[18446744073709551615, 1.50, 0x10, -0]")),
                        "[18446744073709551615,1.5,16,0]");
    assert_int_equal(doc_yaml_to_json_strict(arena, STR("a: 1\nb: {a: 1}\n"), &json, &twice, &err),
                     0);
    assert_null(twice.at);
    assert_int_equal(doc_yaml_to_json_strict(arena,
                                             STR("a: 1\nb:\n  c: 1\n  c: 2\na:\n- 1\n1: x\n1: y\n"
                                                 "\"1\": z\nyes: 1\ntrue: 2\n"),
                                             &json, &twice, &err),
                     0);
    assert_true(str_is(twice, "yaml: unmarshal errors:\n  line 4: key \"c\" already set in map\n"
                              "  line 6: key \"a\" already set in map\n"
                              "  line 8: key 1 already set in map\n"
                              "  line 11: key true already set in map"));
}

static void
test_json_is_taken_as_it_is(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct str json = { 0 }, twice = { 0 };

    assert_string_equal(read_yaml(arena, STR(" {\"a\": [1.0, \"\\/\", \"yes\"]}\n")),
                        "{\"a\": [1.0, \"\\/\", \"yes\"]}");
    assert_string_equal(read_yaml(arena, STR("{\"a\": 01}")), "{\"a\":1}"); /* no JSON */
    assert_int_equal(
        doc_yaml_to_json_strict(arena, STR("\n{\"a\":[{\"b\":1,\n\"b\":2}]}"), &json, &twice, &err),
        0);
    assert_true(str_is(twice, "yaml: unmarshal errors:\n  line 3: key \"b\" already set in map"));
}

/* ---- limits ---- */

static void
test_aliases_cannot_blow_up(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct str_builder b = { 0 };

    str_putz(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
        str_putf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++) {
            str_putf(&b, "%s*a%d", k == 0 ? "" : ", ", i - 1);
        }
        str_putz(&b, "]\n");
    }
    assert_string_equal(
        read_yaml(arena, str_view(&b)),
        "error converting YAML to JSON: yaml: document contains excessive aliasing");
    str_done(&b);

    str_putz(&b, "a: &a \""); /* few aliases, each of them large */
    for (int i = 0; i < 20000; i++) {
        str_putz(&b, "text ");
    }
    str_putz(&b, "\"\nb: [");
    for (int i = 0; i < 50; i++) {
        str_putz(&b, "*a, ");
    }
    str_putz(&b, "1]\n");
    assert_string_equal(
        read_yaml(arena, str_view(&b)),
        "error converting YAML to JSON: yaml: document contains excessive aliasing");
    str_done(&b);
}

static void
test_directives_are_limited(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct str_builder b = { 0 };

    for (int i = 0; i < 100; i++) {
        str_putf(&b, "%%TAG !a%d! tag:example.com,2025:\n", i);
    }
    str_putz(&b, "---\na: 1\n");
    assert_string_equal(read_yaml(arena, str_view(&b)),
                        "error converting YAML to JSON: yaml: more than 64 %TAG directives");
    str_done(&b);
    assert_string_equal(read_yaml(arena, STR("%TAG !a! tag:yaml.org,2002:\n---\n!a!str 1\n")),
                        "\"1\"");
}

/* Brackets, more than half as deep as is allowed, around something. */
static void
put_nested(struct str_builder *b, const char *before, const char *anchor, const char *inside)
{
    str_putf(b, "%s%s", before, anchor);
    for (int i = 0; i < DOC_MAX_DEPTH / 2; i++) {
        str_putc(b, '[');
    }
    str_putz(b, inside);
    for (int i = 0; i < DOC_MAX_DEPTH / 2; i++) {
        str_putc(b, ']');
    }
    str_putc(b, '\n');
}

static void
test_depth_is_limited(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct str_builder b = { 0 };

    for (int i = 0; i <= DOC_MAX_DEPTH; i++) {
        str_putc(&b, '[');
    }
    assert_string_equal(read_yaml(arena, str_view(&b)),
                        "error converting YAML to JSON: yaml: line 1: exceeded max depth of 256");
    str_done(&b);

    put_nested(&b, "- ", "&a ", "");
    put_nested(&b, "- ", "", "*a"); /* half as deep in the text, but not when expanded */
    assert_non_null(strstr(read_yaml(arena, str_view(&b)), "exceeded max depth of 256"));
    str_done(&b);
}

/* ---- streams ---- */

static int
collect(void *ctx, struct str json, struct err **err)
{
    str_putf(ctx, "<" STR_FMT ">", STR_ARG(json));
    return str_is(json, "\"stop\"") ? err_set(err, ERR_INVALID, "stopped") : 0;
}

static void
test_each_document(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_STR struct str_builder b = { 0 };
    struct err *err = NULL;

    assert_int_equal(doc_yaml_each(arena, STR("# c\n---\na: &x 1\n---\n---\n- 2\n...\n---\n3\n"),
                                   collect, &b, &err),
                     0);
    assert_int_equal(doc_yaml_each(arena, STR(""), collect, &b, &err), 0);
    assert_true(str_is(str_view(&b), "<{\"a\":1}><[2]><3>"));
    assert_int_equal(doc_yaml_each(arena, STR("stop\n---\na\n"), collect, &b, &err), -1);
    assert_string_equal(err->message, "stopped");
    err_clear(&err);
    assert_int_equal(doc_yaml_each(arena, STR("a: &x 1\n---\nb: *x\n"), collect, &b, &err), -1);
    assert_string_equal(err->message,
                        "error converting YAML to JSON: yaml: unknown anchor 'x' referenced");
    err_clear(&err);
    assert_int_equal(doc_yaml_each(arena, STR("a: 1\n---\nb: [\n"), collect, &b, &err), -1);
    assert_non_null(err);
    err_clear(&err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_as_go_yaml),
        cmocka_unit_test(test_writes_as_go_yaml),
        cmocka_unit_test(test_what_is_written_is_read_again),
        cmocka_unit_test(test_merge_key_as_a_name_is_quoted),
        cmocka_unit_test(test_order_and_duplicates_stay),
        cmocka_unit_test(test_json_is_taken_as_it_is),
        cmocka_unit_test(test_aliases_cannot_blow_up),
        cmocka_unit_test(test_directives_are_limited),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_each_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
