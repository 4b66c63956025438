/* All documents of a table in their compiled form, one thing a line, so that a change of the rules is seen in a diff.
 */
#include "table.h"

#define TEXT_BYTES (2 * POLICY_STRING_MAX_BYTES)

static const char *const kinds[] = {
    [POLICY_PRINCIPAL_ANYONE] = "anyone",   [POLICY_PRINCIPAL_ACCOUNT] = "account",
    [POLICY_PRINCIPAL_USER] = "user",       [POLICY_PRINCIPAL_ROLE] = "role",
    [POLICY_PRINCIPAL_SESSION] = "session", [POLICY_PRINCIPAL_FEDERATED] = "federated",
    [POLICY_PRINCIPAL_SERVICE] = "service", [POLICY_PRINCIPAL_UNIQUE_ID] = "unique-id",
    [POLICY_PRINCIPAL_OTHER] = "other",
};

static const char *const sets[] = {
    [POLICY_SET_NONE] = "", [POLICY_SET_ALL] = "ForAllValues:", [POLICY_SET_ANY] = "ForAnyValue:"};

static void put(FILE *out, const char *label, struct view text)
{
    fprintf(out, "%s%.*s\n", label, (int)text.len, (const char *)text.data);
}

static void put_text(FILE *out, const char *label, const char *text)
{
    fprintf(out, "%s%s\n", label, text);
}

static void dump_condition(const struct policy_document *document, size_t i, size_t k, FILE *out)
{
    char text[TEXT_BYTES];
    struct policy_condition condition = policy_document_condition(document, i, k);
    fprintf(out, "    when %s%s%s %.*s\n", sets[condition.set], condition.operator_name,
            condition.if_exists ? "IfExists" : "", (int)condition.key.len, (const char *)condition.key.data);
    for (size_t v = 0; v < condition.values; v++) {
        policy_document_value(document, i, k, v, text, sizeof(text));
        put_text(out, "      value ", text);
    }
}

static void dump_statement(const struct policy_document *document, size_t i, FILE *out)
{
    char text[TEXT_BYTES];
    struct policy_statement statement = policy_document_statement(document, i);
    fprintf(out, "  %s %zu", statement.effect == POLICY_ALLOW ? "allow" : "deny", i);
    put(out, statement.sid.len == 0 ? "" : " ", statement.sid);
    for (size_t k = 0; k < statement.principals; k++) {
        struct policy_principal principal = policy_document_principal(document, i, k);
        fprintf(out, "    %sprincipal %s %.*s", statement.not_principal ? "not-" : "", kinds[principal.kind],
                (int)principal.partition.len, (const char *)principal.partition.data);
        put(out, principal.partition.len == 0 ? "" : " ", principal.text);
    }
    for (size_t k = 0; k < statement.actions; k++) {
        policy_document_action(document, i, k, text, sizeof(text));
        put_text(out, statement.not_action ? "    not-action " : "    action ", text);
    }
    for (size_t k = 0; k < statement.resources; k++) {
        policy_document_resource(document, i, k, text, sizeof(text));
        put_text(out, statement.not_resource ? "    not-resource " : "    resource ", text);
    }
    for (size_t k = 0; k < statement.conditions; k++) {
        dump_condition(document, i, k, out);
    }
}

static void dump_document(const char *kind, const struct table_document *named, FILE *out)
{
    const struct policy_document *document = named->document;
    fprintf(out, "%s %s%s", kind, named->name, policy_document_has_variables(document) ? "" : " (2008)");
    struct view id = policy_document_id(document);
    put(out, id.len == 0 ? "" : " ", id);
    for (size_t i = 0; i < policy_document_statements(document); i++) {
        dump_statement(document, i, out);
    }
}

void table_dump(const struct table *table, FILE *out)
{
    for (size_t i = 0; i < table->key_count; i++) {
        dump_document("key", &table->keys[i], out);
    }
    for (size_t i = 0; i < table->identity_count; i++) {
        dump_document("identity", &table->identities[i], out);
    }
}
