// Package remediation turns violations into changes: a plan that people can read and
// approve, its execution with a journal, and the way back.
//
// In go a result and the evidence that it rests on; out comes a Plan, which lists each
// change with its request as it will be sent, the state before and after, why, for whom and
// how it is undone, and what only a person can do. Apply carries a plan out against a
// Target, Rollback takes it back, and a journal on disk remembers every step.
//
// A change is one of a closed list of actions. None of them turns the service off or deletes
// its data. The package opens no connection, judges nothing and reads no clock: the target,
// the judge and the time are passed in.
package remediation

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// Risk says how much a change can break.
type Risk string

// The risks. Low disturbs nobody who follows the rules, Medium is noticed by users, and High
// may stop an application or lock somebody out.
const (
	Low    Risk = "low"
	Medium Risk = "medium"
	High   Risk = "high"
)

func risks() []Risk { return []Risk{Low, Medium, High} }

// Action is a kind of change that mends violations of the rules whose METADATA name it.
type Action struct {
	ID    string
	Title string
	Risk  Risk
	// Permission is the least application permission of Microsoft Graph with which the change
	// can be made, Reads are those with which its state can be read again.
	Permission string
	Reads      []string
	// Writes are the only requests that the action and its undoing send.
	Writes []Pattern

	// changes are those that mend a violation, with what is particular to them filled in: the
	// request, the states, the undoing and whom it affects.
	changes func(*planner, findings.Finding) ([]Change, error)
}

// Actions lists every action, sorted by id.
func Actions() []Action {
	return []Action{
		alertOnRoleActivation(),
		alertOnRoleAssignment(),
		assignActivationLicence(),
		assignDefenderLicence(),
		boundCredentials(),
		closeHealthIssue(),
		makeEligible(),
		removeApplicationPermission(),
		removeRoleAssignment(),
		removeTenantWideGrant(),
		requireApproval(),
		restrictUserConsent(),
		setGroupDataLocation(),
		setUserDataLocation(),
		turnOnConsentWorkflow(),
	}
}

// action returns an action by its id, and whether there is one.
func action(id string) (Action, bool) {
	actions := Actions()
	at := slices.IndexFunc(actions, func(a Action) bool { return a.ID == id })
	if at < 0 {
		return Action{}, false
	}
	return actions[at], true
}

// Pattern is a form of request. A part of its path that is * stands for one id. Members are
// those that its body may have; without any there is no body.
type Pattern struct {
	Method, Path string
	Members      []string
}

// id is what may stand for * in a path: a segment without anything that a server could take
// for another path, a query or an escape.
var id = regexp.MustCompile(`^[0-9A-Za-z_-]{1,200}$`)

func (p Pattern) matches(method, path string) bool {
	form, parts := strings.Split(p.Path, "/"), strings.Split(path, "/")
	return method == p.Method && slices.EqualFunc(form, parts, func(form, part string) bool {
		return form == part && form != "*" || form == "*" && id.MatchString(part)
	})
}

// Writes says whether some action sends such a request; the path is relative to the root of
// Microsoft Graph v1.0. Nothing else is ever to be written.
func Writes(method, path string) bool {
	for _, action := range Actions() {
		if action.writes(method, path) {
			return true
		}
	}
	return false
}

func (a Action) writes(method, path string) bool {
	return slices.ContainsFunc(a.Writes, func(p Pattern) bool { return p.matches(method, path) })
}

// Permits says whether some action sends such a request, its body's members included.
func Permits(request Request) bool {
	return slices.ContainsFunc(Actions(), func(a Action) bool { return a.permits(request) })
}

func (a Action) permits(request Request) bool {
	return slices.ContainsFunc(a.Writes, func(p Pattern) bool { return p.permits(request) })
}

func (p Pattern) permits(request Request) bool {
	if !p.matches(request.Method, request.Path) {
		return false
	}
	if len(p.Members) == 0 {
		return len(request.Body) == 0
	}
	var body map[string]json.RawMessage
	if json.Unmarshal(request.Body, &body) != nil {
		return false
	}
	for member := range body {
		if !slices.Contains(p.Members, member) {
			return false
		}
	}
	return len(body) > 0
}
