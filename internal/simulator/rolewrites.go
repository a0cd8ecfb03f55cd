package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The writes of directory roles: assignments, and requests to Privileged Identity Management
// by an administrator.
func roleWrites() []operation {
	const manage = "RoleManagement.ReadWrite.Directory"
	return []operation{
		{method: http.MethodPost, path: assignmentsPath, roles: oneOf(manage), run: assignRole},
		{method: http.MethodDelete, path: assignmentsPath + "/*", roles: oneOf(manage), run: removeRole},
		{
			method: http.MethodPost, path: rolesPath + "roleAssignmentScheduleRequests", licence: premium2,
			roles: oneOf("RoleAssignmentSchedule.ReadWrite.Directory", "RoleAssignmentSchedule.Remove.Directory", manage),
			run:   func(w *writing) (outcome, error) { return w.schedule("Assignment") },
		},
		{
			method: http.MethodPost, path: rolesPath + "roleEligibilityScheduleRequests", licence: premium2,
			roles: oneOf("RoleEligibilitySchedule.ReadWrite.Directory", "RoleEligibilitySchedule.Remove.Directory", manage),
			run:   func(w *writing) (outcome, error) { return w.schedule("Eligibility") },
		},
	}
}

var (
	assignmentShape = shape{
		"id": readOnly, "principalOrganizationId": readOnly, "condition": optional(text), "appScopeId": optional(text),
		"directoryScopeId": optional(text), "principalId": text, "roleDefinitionId": text,
	}
	scheduleRequestShape = shape{
		"id": readOnly, "status": readOnly, "createdDateTime": readOnly, "completedDateTime": readOnly, "createdBy": readOnly, "approvalId": readOnly,
		"action": enum("unifiedRoleScheduleRequestActions", "adminAssign", "adminUpdate", "adminRemove", "selfActivate", "selfDeactivate",
			"adminExtend", "adminRenew", "selfExtend", "selfRenew"),
		"principalId": text, "roleDefinitionId": text, "directoryScopeId": optional(text), "appScopeId": optional(text),
		"isValidationOnly": optional(boolean), "justification": optional(text), "customData": optional(text), "targetScheduleId": optional(text),
		"ticketInfo": optional(complexOf("ticketInfo", shape{"ticketNumber": optional(text), "ticketSystem": optional(text)})),
		"scheduleInfo": optional(complexOf("requestSchedule", shape{
			"startDateTime": optional(moment), "recurrence": optional(complexOf("patternedRecurrence", shape{})),
			"expiration": optional(complexOf("expirationPattern", shape{
				"type":     optional(enum("expirationPatternType", "notSpecified", "noExpiration", "afterDateTime", "afterDuration")),
				"duration": optional(duration), "endDateTime": optional(moment),
			})),
		})),
	}
)

// holding is what a body asks for. Which roles a tenant has isn't simulated: an id will do.
func (w *writing) holding(how string) (roleHolding, error) {
	h := roleHolding{How: how, Principal: w.text("principalId"), Role: w.text("roleDefinitionId"), Scope: w.text("directoryScopeId")}
	switch {
	case !strings.HasPrefix(h.Scope, "/"):
		return h, badRequest("The directoryScopeId must be set to a scope of the directory, such as '/'.")
	case !guidForm.MatchString(h.Role):
		return h, missing(h.Role)
	}
	return h, nil
}

// holder finds the principal of a body; a group must be one to which roles may be assigned.
func (w *writing) holder(id string) error {
	principal, found := w.principal(id)
	switch {
	case !found:
		return missing(id)
	case principal.text("@odata.type") == "#microsoft.graph.group" && principal.lookup("isAssignableToRole") != true:
		return badRequest("The group '%s' is not assignable to a role: isAssignableToRole must be true.", id)
	}
	return nil
}

func assignRole(w *writing) (outcome, error) {
	if err := assignmentShape.check(w.body); err != nil {
		return outcome{}, err
	}
	if err := need(w.body, "roleDefinitionId", "principalId"); err != nil {
		return outcome{}, err
	}
	h, err := w.holding("assigned")
	if err != nil {
		return outcome{}, err
	}
	if err := w.holder(h.Principal); err != nil {
		return outcome{}, err
	}
	if slices.ContainsFunc(w.lists[assignmentsPath].whole(), h.is) {
		return outcome{}, badRequest("A conflicting object with one or more of the specified property values is present in the directory.")
	}
	assignment, err := w.assign(w.call.server.tenant, h)
	return outcome{http.StatusCreated, assignmentsPath, assignment}, err
}

func removeRole(w *writing) (outcome, error) {
	if !w.remove(assignmentsPath, w.ids[0]) {
		return outcome{}, missing(w.ids[0])
	}
	return noContent, nil
}

// is says whether an assignment or an instance is that of the holding.
func (h roleHolding) is(o object) bool {
	return strings.EqualFold(o.text("principalId"), h.Principal) && strings.EqualFold(o.text("roleDefinitionId"), h.Role) && o.text("directoryScopeId") == h.Scope
}

// schedule takes an administrator's request for an assignment or an eligibility, which is
// provisioned at once.
func (w *writing) schedule(level string) (outcome, error) {
	if err := scheduleRequestShape.check(w.body); err != nil {
		return outcome{}, err
	}
	if err := need(w.body, "action", "principalId", "roleDefinitionId"); err != nil {
		return outcome{}, err
	}
	how, path := "assigned", assignmentInstancesPath
	if level == "Eligibility" {
		how, path = "eligible", eligibleInstancesPath
	}
	h, err := w.holding(how)
	if err != nil {
		return outcome{}, err
	}
	list := w.lists[path].whole()
	at := slices.IndexFunc(list, func(o object) bool { return h.is(o) && o.text("assignmentType") != "Activated" })
	switch action := w.text("action"); {
	case strings.EqualFold(action, "adminRemove"):
		if at < 0 {
			return outcome{}, &rejection{http.StatusBadRequest, "RoleAssignmentDoesNotExist", "The Role assignment does not exist."}
		}
		if w.body["isValidationOnly"] != true {
			w.remove(path, list[at].text("id"))
		}
		return w.request(level, "Revoked", nil)
	case !strings.EqualFold(action, "adminAssign"):
		return outcome{}, badRequest("The simulated tenant takes adminAssign and adminRemove alone, not '%s'.", action)
	case !slices.Contains(w.cl.Roles, "RoleManagement.ReadWrite.Directory") && !slices.Contains(w.cl.Roles, "Role"+level+"Schedule.ReadWrite.Directory"):
		return outcome{}, &rejection{http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."}
	}
	if err := w.holder(h.Principal); err != nil {
		return outcome{}, err
	}
	if at >= 0 {
		return outcome{}, &rejection{http.StatusBadRequest, "RoleAssignmentExists", "The Role assignment already exists."}
	}
	p, err := w.period()
	if err != nil {
		return outcome{}, err
	}
	if err := w.allowed(h.Role, level, p); err != nil {
		return outcome{}, err
	}
	if w.body["isValidationOnly"] != true {
		h.Start = stamp(p.start)
		if !p.end.IsZero() {
			h.End = stamp(p.end)
		}
		if _, err := w.assign(w.call.server.tenant, h); err != nil {
			return outcome{}, err
		}
	}
	return w.request(level, "Provisioned", &p)
}

// period is how long an assignment lasts; its end is zero where it is permanent.
type period struct {
	start, end time.Time
}

// period reads the schedule of a request. What would have started earlier starts now.
func (w *writing) period() (period, error) {
	info, ok := w.body["scheduleInfo"].(map[string]any)
	if !ok {
		return period{}, badRequest("The required property 'scheduleInfo' is missing.")
	}
	p := period{start: w.call.server.now}
	if at, err := time.Parse(time.RFC3339, textOf(info["startDateTime"])); err == nil && at.After(p.start) {
		p.start = at
	}
	expiration, _ := info["expiration"].(map[string]any)
	switch typ := textOf(expiration["type"]); strings.ToLower(typ) {
	case "", "notspecified", "noexpiration":
		return p, nil
	case "afterduration":
		length, ok := parseDuration(expiration["duration"])
		if !ok || length == 0 {
			return p, badRequest("The expiration of type '%s' needs a duration.", typ)
		}
		p.end = p.start.Add(length)
	default:
		at, err := time.Parse(time.RFC3339, textOf(expiration["endDateTime"]))
		if err != nil || !at.After(p.start) {
			return p, badRequest("The expiration of type '%s' needs an endDateTime after the start.", typ)
		}
		p.end = at
	}
	return p, nil
}

// allowed asks the role's policy: its rules of expiration and of enablement for what an
// administrator assigns. An application can't be asked for a second factor.
func (w *writing) allowed(role, level string, p period) error {
	var failed []string
	for _, policy := range w.lists[rolePolicyAssignmentsPath].whole() {
		if !strings.EqualFold(policy.text("roleDefinitionId"), role) {
			continue
		}
		rules, _ := policy.lookup("policy/rules").([]any)
		for _, item := range rules {
			rule, _ := item.(map[string]any)
			enabled, _ := rule["enabledRules"].([]any)
			switch rule["id"] {
			case "Expiration_Admin_" + level:
				most, _ := parseDuration(rule["maximumDuration"])
				if rule["isExpirationRequired"] == true && (p.end.IsZero() || p.end.Sub(p.start) > most) {
					failed = append(failed, `"ExpirationRule"`)
				}
			case "Enablement_Admin_" + level:
				if slices.Contains(enabled, any("Justification")) && w.text("justification") == "" {
					failed = append(failed, `"JustificationRule"`)
				}
				if slices.Contains(enabled, any("Ticketing")) && w.body["ticketInfo"] == nil {
					failed = append(failed, `"TicketingRule"`)
				}
			}
		}
	}
	if failed == nil {
		return nil
	}
	return &rejection{http.StatusBadRequest, "RoleAssignmentRequestPolicyValidationFailed", "The following policy rules failed: [" + strings.Join(failed, ",") + "]"}
}

// request is the answer to a request that was taken.
func (w *writing) request(level, status string, p *period) (outcome, error) {
	id, now := requestID(), stamp(w.call.server.now)
	ticket := map[string]any{"ticketNumber": nil, "ticketSystem": nil}
	given, _ := w.body["ticketInfo"].(map[string]any)
	maps.Copy(ticket, given)
	fields := map[string]any{
		"id": id, "status": status, "createdDateTime": now, "completedDateTime": nil, "approvalId": nil,
		"customData": w.body["customData"], "action": w.body["action"], "principalId": w.body["principalId"],
		"roleDefinitionId": w.body["roleDefinitionId"], "directoryScopeId": w.body["directoryScopeId"], "appScopeId": nil,
		"isValidationOnly": w.body["isValidationOnly"] == true, "targetScheduleId": nil,
		"justification": w.body["justification"], "scheduleInfo": nil,
		"createdBy":  map[string]any{"application": map[string]any{"id": w.cl.AppID, "displayName": nil}, "device": nil, "user": nil},
		"ticketInfo": ticket,
	}
	if p != nil {
		info, _ := w.body["scheduleInfo"].(map[string]any)
		fields["completedDateTime"], fields["targetScheduleId"] = now, id
		fields["scheduleInfo"] = overlay(
			map[string]any{"recurrence": nil, "expiration": map[string]any{"type": "notSpecified", "duration": nil, "endDateTime": nil}},
			overlay(info, map[string]any{"startDateTime": stamp(p.start)}))
	}
	body, err := newObject(fields)
	return outcome{http.StatusCreated, rolesPath + "role" + level + "ScheduleRequests", body}, err
}
