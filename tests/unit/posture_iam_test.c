/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/iam/methods.h"
#include "posture/iam/policy.h"
#include "posture/judge.h"
#include "posture/lint.h"
#include "tap.h"

static struct posture_set *set;

static void read_as_iam(const char *text)
{
	set = posture_set_free(set);
	set = posture_set_new(NULL);
	posture_lint_text(set, "account.json", text, strlen(text), "iam");
}

static const struct posture_record *principal(const char *name)
{
	for (const struct posture_record *r = set->first[MODEL_KIND_IAM_PRINCIPAL]; r; r = r->next)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

/* Whether the list field holds a method whose name begins so. */
static bool has(const struct posture_record *r, enum model_field_id field, const char *start)
{
	const struct posture_value *v = r ? posture_value_of(r, field) : NULL;

	for (size_t i = 0; v && v->state == MODEL_SET && i < v->value.n; i++)
		if (strncmp(v->value.list[i].text, start, strlen(start)) == 0)
			return true;
	return false;
}

static bool is_true(const struct posture_record *r, enum model_field_id field)
{
	const struct posture_value *v = r ? posture_value_of(r, field) : NULL;

	return v && v->state == MODEL_SET && v->value.boolean;
}

#define ACCOUNT(user_statements, more) \
	"{\"UserDetailList\":[{\"UserName\":\"ana\",\"Arn\":\"arn:aws:iam::111122223333:user/ana\",\"GroupList\":[\"devs\"]," \
	"\"UserPolicyList\":[{\"PolicyName\":\"own\",\"PolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[" user_statements "]}}]" more "}]," \
	"\"GroupDetailList\":[{\"GroupName\":\"devs\",\"GroupPolicyList\":[{\"PolicyName\":\"g\",\"PolicyDocument\":{\"Statement\":" \
	"{\"Effect\":\"Allow\",\"Action\":\"lambda:*\",\"Resource\":\"*\"}}}]}]," \
	"\"RoleDetailList\":[]," \
	"\"Policies\":[{\"Arn\":\"arn:aws:iam::111122223333:policy/edge\",\"PolicyVersionList\":[{\"IsDefaultVersion\":true,\"Document\":" \
	"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:*\",\"lambda:*\"],\"Resource\":\"*\"}]}}]}]}"
#define ALLOW(action) "{\"Effect\":\"Allow\",\"Action\":\"" action "\",\"Resource\":\"*\"}"
#define DENY(action) "{\"Effect\":\"Deny\",\"Action\":\"" action "\",\"Resource\":\"*\"}"

TEST(globs_of_actions_know_star_and_question_mark_and_no_case)
{
	static const struct { const char *pattern, *text; bool matches; } cases[] = {
		{ "iam:PassRole", "iam:passrole", true }, { "iam:*", "iam:passrole", true }, { "*", "x", true }, { "*", "", true },
		{ "iam:Create*Version", "iam:createpolicyversion", true }, { "iam:Create*Key", "iam:createpolicyversion", false },
		{ "s3:Get?bject", "s3:getobject", true }, { "s3:Get?", "s3:get", false }, { "a*b*c", "aXbXbXc", true },
		{ "a*b*c", "aXbXbX", false }, { "*:*", "iam:passrole", true }, { "", "", true }, { "", "a", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_MSG(iam_glob(cases[i].pattern, cases[i].text) == cases[i].matches, "%s %s", cases[i].pattern, cases[i].text);
}

TEST(what_is_allowed_counts_after_deny_condition_resource_and_boundary)
{
	static const struct { const char *account; bool everywhere, somewhere, sometimes; } cases[] = {
		{ ACCOUNT(ALLOW("iam:CreateAccessKey"), ""), true, false, false },
		{ ACCOUNT(ALLOW("iam:Create*"), ""), true, false, false },
		{ ACCOUNT(ALLOW("iam:*") "," DENY("iam:CreateAccessKey"), ""), false, false, false },
		{ ACCOUNT(ALLOW("iam:*") ",{\"Effect\":\"Deny\",\"Action\":\"iam:*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:MultiFactorAuthPresent\":\"false\"}}}", ""),
		  true, false, false },
		{ ACCOUNT("{\"Effect\":\"Allow\",\"Action\":\"iam:CreateAccessKey\",\"Resource\":\"arn:aws:iam::111122223333:user/bob\"}", ""), false, true, false },
		{ ACCOUNT("{\"Effect\":\"Allow\",\"Action\":\"iam:CreateAccessKey\",\"Resource\":\"*\",\"Condition\":{\"IpAddress\":{}}}", ""), false, false, true },
		{ ACCOUNT("{\"Effect\":\"Allow\",\"NotAction\":\"s3:*\",\"Resource\":\"*\"}", ""), true, false, false },
		{ ACCOUNT("{\"Effect\":\"Allow\",\"NotAction\":\"iam:*\",\"Resource\":\"*\"}", ""), false, false, false },
		{ ACCOUNT(ALLOW("*"), ",\"PermissionsBoundary\":{\"PermissionsBoundaryArn\":\"arn:aws:iam::111122223333:policy/edge\"}"), false, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct posture_record *ana;

		read_as_iam(cases[i].account);
		ana = principal("user ana");
		CHECK_INT(set->n_problems, 0);
		CHECK_MSG(has(ana, MODEL_F_PRINCIPAL_ESCALATES_PRINCIPAL, "CreateAccessKey") == cases[i].everywhere, "case %zu: everywhere", i);
		CHECK_MSG(has(ana, MODEL_F_PRINCIPAL_ESCALATES_SOMEWHERE, "CreateAccessKey") == cases[i].somewhere, "case %zu: somewhere", i);
		CHECK_MSG(has(ana, MODEL_F_PRINCIPAL_ESCALATES_SOMETIMES, "CreateAccessKey") == cases[i].sometimes, "case %zu: sometimes", i);
	}
}

TEST(a_group_and_a_user_together_make_a_method_that_neither_has_alone)
{
	read_as_iam(ACCOUNT(ALLOW("iam:PassRole"), ""));
	CHECK(has(principal("user ana"), MODEL_F_PRINCIPAL_ESCALATES_PASSROLE, "PassExistingRoleToNewLambdaThenInvoke"));
	CHECK(!has(principal("group devs"), MODEL_F_PRINCIPAL_ESCALATES_PASSROLE, "PassExistingRoleToNewLambdaThenInvoke"));
}

TEST(every_method_of_the_catalogue_is_found_when_its_actions_are_allowed_and_only_then)
{
	for (size_t i = 0; i < iam_n_methods; i++) {
		static const enum model_field_id fields[] = { MODEL_F_PRINCIPAL_ESCALATES_SELF, MODEL_F_PRINCIPAL_ESCALATES_PRINCIPAL,
							      MODEL_F_PRINCIPAL_ESCALATES_PASSROLE, MODEL_F_PRINCIPAL_ESCALATES_EXISTING };
		const struct iam_method *m = &iam_methods[i];
		for (int without_last = 0; without_last < 2; without_last++) {
			_cleanup_strbuf_ struct strbuf text;

			strbuf_init(&text, 65536);
			strbuf_adds(&text, "{\"RoleDetailList\":[{\"RoleName\":\"r\",\"RolePolicyList\":[{\"PolicyName\":\"p\",\"PolicyDocument\":{\"Statement\":"
				    "[{\"Effect\":\"Allow\",\"Resource\":\"*\",\"Action\":[\"nothing:at-all\"");
			for (size_t k = 0; m->actions[k] && (!without_last || m->actions[k + 1]); k++)
				strbuf_addf(&text, ",\"%s\"", m->actions[k]);
			strbuf_adds(&text, "]}]}}]}]}");
			read_as_iam(text.text);
			CHECK_MSG(has(principal("role r"), fields[m->class], m->name) == !without_last, "%s %d", m->name, without_last);
		}
	}
}

TEST(a_policy_whose_document_is_not_there_leaves_the_principal_undecided)
{
	const struct posture_value *v;

	read_as_iam(ACCOUNT(ALLOW("s3:GetObject"), ",\"AttachedManagedPolicies\":[{\"PolicyArn\":\"arn:aws:iam::1:policy/gone\"}]"));
	v = posture_value_of(principal("user ana"), MODEL_F_PRINCIPAL_IS_ADMIN);
	CHECK_INT(v->state, MODEL_UNKNOWN);
	CHECK_STR(v->note, "the document of arn:aws:iam::1:policy/gone is not in the file");
}

#define ROLE(trust) "{\"RoleDetailList\":[{\"RoleName\":\"r\",\"Arn\":\"arn:aws:iam::111122223333:role/r\",\"AssumeRolePolicyDocument\":" \
	"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\"," trust "}]}}]}"

TEST(a_trust_policy_says_who_may_be_the_role)
{
	read_as_iam(ROLE("\"Principal\":{\"AWS\":\"*\"}"));
	CHECK(is_true(principal("role r"), MODEL_F_PRINCIPAL_TRUSTS_ANYONE));
	read_as_iam(ROLE("\"Principal\":{\"AWS\":\"*\"},\"Condition\":{\"StringEquals\":{\"aws:PrincipalOrgID\":\"o-1\"}}"));
	CHECK(!is_true(principal("role r"), MODEL_F_PRINCIPAL_TRUSTS_ANYONE));
	read_as_iam(ROLE("\"Principal\":{\"Service\":\"ec2.amazonaws.com\"}"));
	CHECK(is_true(principal("role r"), MODEL_F_PRINCIPAL_IS_INSTANCE_ROLE));
	read_as_iam(ROLE("\"Principal\":{\"AWS\":[\"arn:aws:iam::999988887777:root\",\"111122223333\"]}"));
	CHECK(has(principal("role r"), MODEL_F_PRINCIPAL_TRUSTS_OTHER_ACCOUNTS, "arn:aws:iam::999988887777"));
	CHECK(!has(principal("role r"), MODEL_F_PRINCIPAL_TRUSTS_OTHER_ACCOUNTS, "1111"));
	read_as_iam(ROLE("\"Principal\":{\"Federated\":\"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A\"}"));
	CHECK(is_true(principal("role r"), MODEL_F_PRINCIPAL_IS_WORKLOAD_ROLE));
	CHECK(is_true(principal("role r"), MODEL_F_PRINCIPAL_TRUSTS_ANY_SUBJECT));
	read_as_iam(ROLE("\"Principal\":{\"Federated\":\"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A\"},"
			 "\"Condition\":{\"StringEquals\":{\"oidc.eks.eu-west-1.amazonaws.com/id/A:sub\":\"system:serviceaccount:a:b\"}}"));
	CHECK(!is_true(principal("role r"), MODEL_F_PRINCIPAL_TRUSTS_ANY_SUBJECT));
}

TEST(a_percent_encoded_document_is_read_as_the_api_has_it)
{
	read_as_iam("{\"UserDetailList\":[{\"UserName\":\"u\",\"UserPolicyList\":[{\"PolicyName\":\"p\",\"PolicyDocument\":"
		    "\"%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D\"}]}]}");
	CHECK_INT(set->n_problems, 0);
	CHECK(is_true(principal("user u"), MODEL_F_PRINCIPAL_IS_ADMIN));
}

TEST(a_broken_document_is_a_problem_with_its_place_and_the_rest_is_read)
{
	read_as_iam("{\"UserDetailList\":[\n{\"UserName\":\"a\",\"UserPolicyList\":[{\"PolicyName\":\"p\",\n\"PolicyDocument\":{\"Statement\":[{\"Effect\":\"Perhaps\",\"Action\":\"*\"}]}}]},\n"
		    "{\"UserName\":\"b\"}]}");
	if (!CHECK_INT(set->n_problems, 1))
		return;
	CHECK_INT(set->problems->place.line, 3);
	CHECK_STR(set->problems->what, "expected \"Effect\": \"Allow\" or \"Deny\"");
	CHECK(principal("user b") != NULL);
	CHECK_INT(posture_value_of(principal("user a"), MODEL_F_PRINCIPAL_IS_ADMIN)->state, MODEL_UNKNOWN);
}

TEST(own_checks_can_ask_how_far_any_action_is_allowed)
{
	static const char text[] = "- check: own\n  title: t\n  of: iam.principal\n  severity: low\n"
		"  fails: principal.allows[s3:GetObject] = everywhere\n  output: \"%principal.allows[s3:GetObject]\"\n  why: w\n  fix: f\n";
	struct posture_checks *checks = posture_checks_new();
	struct posture_results results = { 0 };
	struct err err = ERR_INIT;

	read_as_iam(ACCOUNT(ALLOW("s3:Get*"), ""));
	if (CHECK_INT(posture_checks_load_text(checks, "c.yaml", text, strlen(text), &err), 0) &&
	    CHECK_INT(posture_judge(set, checks, NULL, &results, &err), 0) && CHECK_INT(results.n, 1)) {
		CHECK_STR(results.findings[0].record->name, "user ana");
		CHECK_STR(results.findings[0].output, "everywhere");
		CHECK_INT(results.findings[0].evidence[0].origin, POSTURE_FROM_COMPUTED);
	}
	posture_results_done(&results);
	posture_checks_free(checks);
}

TAP_MAIN()
