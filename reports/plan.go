package reports

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/remediation"
)

// WritePlan writes a plan as one self-contained page for the person who approves it: what will
// change, for whom, how much that can break and how it is undone, and what is left for a
// person. It has no script, and a policy that would let none run.
func WritePlan(w io.Writer, plan *remediation.Plan) error {
	page, err := newPlanPage(plan)
	if err != nil {
		return fmt.Errorf("writing the page of the plan: %w", err)
	}
	return render(w, "plan.html.tmpl", page)
}

// planPage is everything that the page of a plan shows, already made fit to be shown.
type planPage struct {
	assets
	Tenant, Author, Tool string
	Created, Expires     string
	// Icon is the shape of the greatest risk.
	Icon, Headline, Says string
	Risks                []riskCount
	Permissions          []string
	Changes              []changeView
	Violations           string
	Groups               []todoGroup
	Basis, Digests       []pair
}

// riskCount is how many changes have a risk.
type riskCount struct {
	Risk    string
	Changes int
}

// changeView is a change as the page shows it.
type changeView struct {
	Number                  int
	Anchor, Change, Action  string
	Title, Risk, Permission string
	Kind, ID, Name          string
	Why, Affects            string
	Names                   []string
	Mends                   []pair
	Effect                  string
	Members                 []memberView
	Request, Undo           string
	Before, After           string
}

// memberView is a member of a state that a change sets.
type memberView struct{ Name, Before, After string }

// todoGroup is what a person has to do about the violations of one rule.
type todoGroup struct {
	Anchor, Rule, Title, Says, Summary string
	// Violations are the first messages, and why no change is planned for each; More says how
	// many others there are.
	Violations []pair
	More       string
	Steps      [][]piece
	Action     string
	Pages      []referenceView
	Support    []string
	Attest     []string
}

// perGroup is how many violations of a rule the page of a plan shows.
const perGroup = 20

// planStyle is the style that the page of a plan has besides the report's.
const planStyle = "page/plan.css"

func newPlanPage(plan *remediation.Plan) (*planPage, error) {
	assets, err := newAssets("", planStyle)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	if err := plan.Write(digest); err != nil {
		return nil, err
	}
	p := &planPage{
		assets: assets,
		Tenant: tenantName(plan.Tenant), Author: cmp.Or(cleanName(plan.Author), "somebody who is not named"),
		Tool:    strings.TrimSpace(cleanName(plan.Tool.Name) + " " + cleanName(plan.Tool.Version)),
		Created: moment(plan.Created) + " UTC", Expires: moment(plan.Expires) + " UTC",
		Headline: plural(len(plan.Changes), "change") + ", and " + plural(len(plan.Steps), "violation") + " for a person",
		Icon:     string(findings.Info),
		Groups:   todoGroups(plan.Steps),
		Basis: []pair{
			{"Tenant", tenantName(plan.Tenant) + ", " + cleanName(plan.Tenant.ID)},
			{"Cloud", orNone(cleanName(plan.Tenant.Cloud))},
			{"Applied by", cmp.Or(cleanName(plan.Remediator), "an application that is not named yet")},
			{"At most", plural(plan.MaxChanges, "change")},
		},
		Digests: []pair{
			{"plan.json", hex.EncodeToString(digest.Sum(nil))}, {"result.json", cleanName(plan.Digests.Result)}, {"Evidence", cleanName(plan.Digests.Evidence)},
		},
	}
	lasting, permissions := 0, map[string]bool{}
	counts := map[remediation.Risk]int{}
	for i, change := range plan.Changes {
		view, err := viewChange(i+1, change)
		if err != nil {
			return nil, fmt.Errorf("change %s: %w", change.ID, err)
		}
		p.Changes = append(p.Changes, view)
		counts[change.Risk]++
		permissions[cleanName(change.Permission)] = true
		if !change.Reversible {
			lasting++
		}
	}
	for _, risk := range []remediation.Risk{remediation.Low, remediation.Medium, remediation.High} {
		if counts[risk] > 0 {
			p.Icon = string(risk)
		}
		p.Risks = append([]riskCount{{string(risk), counts[risk]}}, p.Risks...)
	}
	p.Permissions = keys(permissions)
	p.Violations = plural(len(plan.Steps), "violation") + " of " + plural(len(p.Groups), "rule")
	p.Says = undoSays(len(plan.Changes), lasting)
	return p, nil
}

// undoSays says how many of the changes can be undone.
func undoSays(changes, lasting int) string {
	switch {
	case changes == 0:
		return "Nothing is sent to the tenant."
	case lasting == 0:
		return "Every change can be undone by the program. Nothing turns the service off or deletes its data."
	default:
		return fmt.Sprintf("%d of %s can't be undone. Nothing turns the service off or deletes its data.", lasting, plural(changes, "change"))
	}
}

func viewChange(number int, change remediation.Change) (changeView, error) {
	view := changeView{
		Number: number, Anchor: "change-" + anchor(change.ID), Change: cleanName(change.ID), Action: cleanName(change.Action),
		Title: prose(change.Title), Risk: string(change.Risk), Permission: cleanName(change.Permission),
		Kind: reasonWord(change.Resource.Kind), ID: cleanName(change.Resource.ID), Name: resourceName(change.Resource),
		Why: sentence(cleanText(change.Why)), Affects: cleanText(change.Blast.What), Names: cleanNames(change.Blast.Names),
		Request: requestText(change.Request), Before: stateText(change.Before), After: stateText(change.After),
	}
	if change.Undo != nil {
		view.Undo = requestText(*change.Undo)
	}
	for _, mended := range change.Mends {
		view.Mends = append(view.Mends, pair{cleanName(mended.Rule), cleanText(mended.Message)})
	}
	var err error
	switch before, after := absent(change.Before), absent(change.After); {
	case after:
		view.Effect = "It is removed."
	case before:
		view.Effect = "It is made anew."
	default:
		view.Members, err = members(change.Before, change.After)
	}
	return view, err
}

// absent says whether a state is that of an object that isn't there.
func absent(state json.RawMessage) bool { return len(state) == 0 || string(state) == "null" }

// members lists those in which two states differ. A member that the second doesn't name stays.
func members(before, after json.RawMessage) ([]memberView, error) {
	var was, is map[string]json.RawMessage
	if err := json.Unmarshal(before, &was); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &is); err != nil {
		return nil, err
	}
	var out []memberView
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if !bytes.Equal(was[name], is[name]) {
			out = append(out, memberView{cleanName(name), cmp.Or(Visible(string(was[name])), "not set"), Visible(string(is[name]))})
		}
	}
	return out, nil
}

// requestText is a request as it is sent, but for the white space in its body.
func requestText(request remediation.Request) string {
	text := Visible(request.Method + " " + request.Path)
	if len(request.Body) > 0 {
		text += "\n" + stateText(request.Body)
	}
	return text
}

// stateText is JSON in lines, whole, as whoever approves must see all of it.
func stateText(state json.RawMessage) string {
	if absent(state) {
		return "there is no such object"
	}
	var out bytes.Buffer
	if json.Indent(&out, state, "", "  ") != nil {
		return Visible(string(state))
	}
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines {
		lines[i] = Visible(line)
	}
	return strings.Join(lines, "\n")
}

// todoGroups brings the steps of each rule together, which stand one behind the other.
func todoGroups(steps []remediation.Step) []todoGroup {
	var groups []todoGroup
	for from := 0; from < len(steps); {
		to := from
		for to < len(steps) && steps[to].Rule == steps[from].Rule {
			to++
		}
		groups = append(groups, todo(steps[from:to]))
		from = to
	}
	return groups
}

func todo(steps []remediation.Step) todoGroup {
	first := steps[0]
	group := todoGroup{
		Anchor: "rule-" + anchor(first.Rule), Rule: cleanName(first.Rule), Title: prose(first.Title), Says: plural(len(steps), "violation"), Summary: prose(first.Summary),
	}
	for _, step := range first.Text {
		group.Steps = append(group.Steps, pieces(prose(step)))
	}
	for _, page := range first.Pages {
		group.Pages = append(group.Pages, referenceView{clean(page, textLimit), isMicrosofts(page)})
	}
	group.Attest = cleanNames(first.Attest)
	shown := steps[:min(perGroup, len(steps))]
	for _, step := range shown {
		group.Violations = append(group.Violations, pair{sentence(cleanText(step.Message)), sentence(cleanText(step.Unplanned))})
		if step.Support != "" {
			group.Support = append(group.Support, prose(step.Support))
		}
	}
	if hidden := len(steps) - len(shown); hidden > 0 {
		group.More = fmt.Sprintf("and %d more, which are in plan.json", hidden)
	}
	return group
}
