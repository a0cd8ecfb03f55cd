package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// The writes of the tenant's policies and of the rules that guard directory roles.
func policyWrites() []operation {
	consent := oneOf("Policy.ReadWrite.ConsentRequest")
	return []operation{
		{
			method: http.MethodPatch, path: "policies/authorizationPolicy", roles: oneOf("Policy.ReadWrite.Authorization"),
			run: func(w *writing) (outcome, error) {
				return w.patchPolicy("policies/authorizationPolicy", authorizationShape)
			},
		},
		{method: http.MethodPut, path: consentRequestPath, roles: consent, run: writeConsentRequests},
		{method: http.MethodPatch, path: consentRequestPath, roles: consent, run: writeConsentRequests},
		{
			method: http.MethodPatch, path: "policies/defaultAppManagementPolicy", roles: oneOf("Policy.ReadWrite.ApplicationConfiguration"),
			run: func(w *writing) (outcome, error) {
				return w.patchPolicy("policies/defaultAppManagementPolicy", appManagementShape)
			},
		},
		{
			method: http.MethodPatch, path: rolePoliciesPath + "/*/rules/*", licence: premium2, run: patchRule,
			roles: oneOf("RoleManagementPolicy.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"),
		},
	}
}

const consentRequestPath = "policies/adminConsentRequestPolicy"

var (
	authorizationShape = shape{
		"id": readOnly, "deletedDateTime": readOnly, "displayName": optional(text), "description": optional(text),
		"allowedToSignUpEmailBasedSubscriptions": boolean, "allowedToUseSSPR": boolean, "allowEmailVerifiedUsersToJoinOrganization": boolean,
		"allowInvitesFrom":             optional(enum("allowInvitesFrom", "none", "adminsAndGuestInviters", "adminsGuestInvitersAndAllMembers", "everyone")),
		"allowUserConsentForRiskyApps": optional(boolean), "blockMsolPowerShell": optional(boolean), "guestUserRoleId": optional(guid),
		"defaultUserRolePermissions": complexOf("defaultUserRolePermissions", shape{
			"allowedToCreateApps": boolean, "allowedToCreateSecurityGroups": boolean, "allowedToCreateTenants": optional(boolean),
			"allowedToReadBitlockerKeysForOwnedDevice": optional(boolean), "allowedToReadOtherUsers": boolean,
			"permissionGrantPoliciesAssigned": listOf(text),
		}),
	}
	consentRequestShape = shape{
		"id": readOnly, "version": readOnly, "isEnabled": boolean, "notifyReviewers": boolean, "remindersEnabled": boolean, "requestDurationInDays": integer,
		"reviewers": listOf(complexOf("accessReviewReviewerScope", shape{"query": text, "queryRoot": optional(text), "queryType": optional(text)})),
	}
	restrictionShape = shape{
		"excludeActors": optional(complexOf("appManagementPolicyActorExemptions", shape{
			"customSecurityAttributes": listOf(complexOf("customSecurityAttributeExemption", shape{"@odata.type": text, "id": text, "operator": text, "value": text})),
		})),
		"restrictForAppsCreatedAfterDateTime": optional(moment), "state": enum("appManagementRestrictionState", "enabled", "disabled"),
	}
	credentialShape    = restrictionShape.and("maxLifetime", optional(duration))
	identifierUriShape = restrictionShape.and("excludeAppsReceivingV2Tokens", optional(boolean)).and("excludeSaml", optional(boolean)).and("isStateSetByMicrosoft", readOnly)
	restrictionsShape  = shape{
		"passwordCredentials": listOf(complexOf("passwordCredentialConfiguration", credentialShape.and("restrictionType",
			enum("appCredentialRestrictionType", "passwordAddition", "passwordLifetime", "symmetricKeyAddition", "symmetricKeyLifetime", "customPasswordAddition")))),
		"keyCredentials": listOf(complexOf("keyCredentialConfiguration", credentialShape.and("restrictionType",
			enum("appKeyCredentialRestrictionType", "asymmetricKeyLifetime")))),
	}
	appManagementShape = shape{
		"id": readOnly, "deletedDateTime": readOnly, "displayName": optional(text), "description": optional(text), "isEnabled": boolean,
		"applicationRestrictions": optional(complexOf("appManagementApplicationConfiguration", restrictionsShape.and("identifierUris",
			optional(complexOf("identifierUriConfiguration", shape{
				"nonDefaultUriAddition":                    optional(complexOf("identifierUriRestriction", identifierUriShape)),
				"uriAdditionWithoutUniqueTenantIdentifier": optional(complexOf("identifierUriRestriction", identifierUriShape)),
			}))))),
		"servicePrincipalRestrictions": optional(complexOf("appManagementServicePrincipalConfiguration", restrictionsShape)),
	}

	subjects    = listOf(complexOf("subjectSet", shape{"@odata.type": text, "userId": text, "groupId": text, "description": optional(text), "managerLevel": integer}))
	ruleTarget  = complexOf("unifiedRoleManagementPolicyRuleTarget", shape{"caller": text, "operations": listOf(text), "level": text, "inheritableSettings": optional(listOf(text)), "enforcedSettings": optional(listOf(text)), "targetObjects": optional(listOf(text))})
	ruleSetting = complexOf("approvalSettings", shape{
		"approvalMode": text, "isApprovalRequired": boolean, "isApprovalRequiredForExtension": boolean, "isRequestorJustificationRequired": boolean,
		"approvalStages": listOf(complexOf("unifiedApprovalStage", shape{
			"approvalStageTimeOutInDays": integer, "escalationTimeInMinutes": integer, "isApproverJustificationRequired": boolean,
			"isEscalationEnabled": boolean, "primaryApprovers": subjects, "escalationApprovers": subjects,
		})),
	})
	// ruleShapes are the properties of the rules of a policy, by the kind in their type.
	ruleShapes = map[string]shape{
		"Approval":              {"setting": ruleSetting},
		"AuthenticationContext": {"isEnabled": boolean, "claimValue": optional(text)},
		"Enablement":            {"enabledRules": listOf(enum("enabledRules", "MultiFactorAuthentication", "Justification", "Ticketing"))},
		"Expiration":            {"isExpirationRequired": boolean, "maximumDuration": duration},
		"Notification": {
			"isDefaultRecipientsEnabled": boolean, "notificationRecipients": listOf(text), "notificationLevel": enum("notificationLevel", "None", "Critical", "All"),
			"notificationType": enum("notificationType", "Email"), "recipientType": enum("recipientType", "Requestor", "Approver", "Admin"),
		},
	}
)

// patchPolicy changes a policy of which the tenant has one.
func (w *writing) patchPolicy(path string, s shape) (outcome, error) {
	policy, found := w.singles[path]
	if !found {
		return outcome{}, missing(path)
	}
	if err := s.check(w.body); err != nil {
		return outcome{}, err
	}
	if err := w.grantPolicies(); err != nil {
		return outcome{}, err
	}
	more, err := policy.patched(w.body)
	w.setSingle(path, more)
	return noContent, err
}

// grantPolicies refuses the assignment of a permission grant policy that isn't there.
// Microsoft's own are always there.
func (w *writing) grantPolicies() error {
	defaults, _ := w.body["defaultUserRolePermissions"].(map[string]any)
	assigned, _ := defaults["permissionGrantPoliciesAssigned"].([]any)
	for _, item := range assigned {
		scope, id, _ := strings.Cut(textOf(item), ".")
		_, found := w.lists["policies/permissionGrantPolicies"].find(id)
		if (scope != "ManagePermissionGrantsForSelf" && scope != "ManagePermissionGrantsForOwnedResource") || (!found && !strings.HasPrefix(id, "microsoft-")) {
			return badRequest("Invalid value specified for property 'permissionGrantPoliciesAssigned' of resource 'AuthorizationPolicy': '%s'.", item)
		}
	}
	return nil
}

// writeConsentRequests replaces the policy of admin consent requests by PUT, which takes all
// of its properties, or changes some by PATCH. Either makes a new version.
func writeConsentRequests(w *writing) (outcome, error) {
	if err := consentRequestShape.check(w.body); err != nil {
		return outcome{}, err
	}
	if w.call.r.Method == http.MethodPut {
		if err := need(w.body, "isEnabled", "notifyReviewers", "remindersEnabled", "requestDurationInDays", "reviewers"); err != nil {
			return outcome{}, err
		}
	}
	policy, found := w.singles[consentRequestPath]
	if !found {
		return outcome{}, missing(consentRequestPath)
	}
	version, _ := policy.lookup("version").(float64)
	more, err := policy.patched(w.body)
	if err != nil {
		return outcome{}, err
	}
	number, err := json.Marshal(int(version) + 1)
	w.setSingle(consentRequestPath, more.with("version", number))
	return noContent, err
}

const ruleType = "#microsoft.graph.unifiedRoleManagementPolicy"

// patchRule changes a rule of a role's policy, which is read in two places.
func patchRule(w *writing) (outcome, error) {
	policy, found := w.lists[rolePoliciesPath].find(w.ids[0])
	rules, _ := policy.lookup("rules").([]any)
	at := slices.IndexFunc(rules, func(item any) bool {
		rule, _ := item.(map[string]any)
		return rule["id"] == w.ids[1]
	})
	if !found || at < 0 {
		return outcome{}, missing(w.ids[1])
	}
	rule, _ := rules[at].(map[string]any)
	typ := textOf(rule["@odata.type"])
	if w.text("@odata.type") != typ {
		return outcome{}, badRequest("The property '@odata.type' must be '%s'.", typ)
	}
	of := ruleShapes[strings.TrimSuffix(strings.TrimPrefix(typ, ruleType), "Rule")].and("target", ruleTarget).and("id", text)
	if err := of.check(w.body); err != nil {
		return outcome{}, err
	}
	if id, given := w.body["id"]; given && id != rule["id"] {
		return outcome{}, badRequest("Property 'id' is read-only and cannot be set.")
	}
	if err := w.approvers(); err != nil {
		return outcome{}, err
	}
	rules = slices.Clone(rules)
	rules[at] = overlay(rule, w.body)
	raw, err := json.Marshal(rules)
	if err != nil {
		return outcome{}, err
	}
	policy = policy.with("rules", raw)
	w.set(rolePoliciesPath, w.ids[0], object{{"rules", raw}})
	for _, assignment := range w.lists[rolePolicyAssignmentsPath].whole() {
		if assignment.text("policyId") == policy.text("id") {
			w.set(rolePolicyAssignmentsPath, assignment.text("id"), object{{"policy", policy.append(nil)}})
		}
	}
	return noContent, nil
}

// approvers refuses approvers who don't say what they are, or don't exist.
func (w *writing) approvers() error {
	setting, _ := w.body["setting"].(map[string]any)
	stages, _ := setting["approvalStages"].([]any)
	for _, item := range stages {
		stage, _ := item.(map[string]any)
		primary, _ := stage["primaryApprovers"].([]any)
		escalation, _ := stage["escalationApprovers"].([]any)
		for _, item := range slices.Concat(primary, escalation) {
			approver, _ := item.(map[string]any)
			id := ""
			switch typ := approver["@odata.type"]; typ {
			case "#microsoft.graph.singleUser":
				id = textOf(approver["userId"])
			case "#microsoft.graph.groupMembers":
				id = textOf(approver["groupId"])
			case "#microsoft.graph.requestorManager":
				continue
			default:
				return badRequest("Cannot create an abstract class: '@odata.type' of an approver is '%v'.", typ)
			}
			if _, found := w.principal(id); !found {
				return missing(id)
			}
		}
	}
	return nil
}
