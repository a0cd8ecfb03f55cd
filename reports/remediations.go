package reports

import (
	"fmt"
	"iter"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// The most runs that the text and the summaries show, the latest ones, and the most changes of a
// run that the text and the pages show; result.json has them all.
const (
	textRuns    = 5
	textChanges = 10
	pageChanges = 100
)

// remediatedView is a run that made changes since the earlier result, or took them back, as
// reports show it.
type remediatedView struct {
	Anchor, Title string
	// Said is who made and approved the plan, Result how its changes ended, Verified how that was
	// verified, and Signed who vouches for the record.
	Said, Result, Verified, Signed string
	Record                         string
	Changes                        []remediatedChange
	More                           string
}

type remediatedChange struct {
	State, Word, Verdict  string
	Title, Resource, Says string
	Rules                 string
}

func remediatedViews(result *findings.Result, most int) []remediatedView {
	var views []remediatedView
	for i, run := range result.Remediations {
		views = append(views, viewRemediated(i, run, most))
	}
	return views
}

func viewRemediated(number int, run findings.Remediated, most int) remediatedView {
	view := remediatedView{
		Anchor: fmt.Sprintf("remediation-%d", number+1), Title: "Applied on " + moment(run.Began) + " UTC",
		Said: planSays(run), Result: changesSay(run), Verified: verifiedSays(run), Signed: recordSays(run), Record: cleanName(run.Record),
	}
	if run.Kind == "rollback" {
		view.Title = "Taken back on " + moment(run.Began) + " UTC"
	}
	for i, change := range run.Changes {
		if i == most {
			view.More = fmt.Sprintf("and %d more, which are in result.json", len(run.Changes)-most)
			break
		}
		out := remediatedChange{
			State: "unknown", Word: reasonWord(change.Outcome), Verdict: cleanText(change.Verdict), Title: prose(change.Title),
			Resource: resourceName(change.Resource), Says: sentence(cleanText(change.Message)), Rules: strings.Join(cleanNames(change.Rules), ", "),
		}
		if change.Done() {
			out.State = "pass"
		}
		if change.Verdict == "remains" {
			out.State = "fail"
		}
		view.Changes = append(view.Changes, out)
	}
	return view
}

// planSays says who made the plan, who approved it, and who carried it out.
func planSays(run findings.Remediated) string {
	said := fmt.Sprintf("The plan of %s, %.12s, was ", orUnnamed(run.Author), cleanName(run.Plan))
	by := "by the application " + orNone(cleanName(run.App))
	switch {
	case run.Kind == "rollback":
		return said + "taken back " + by + "."
	case run.Approval == nil:
		return said + "applied " + by + "; nobody else approved it."
	default:
		return fmt.Sprintf("%sapproved by %s on %s UTC (%s) and applied %s.", said, orUnnamed(run.Approval.By), moment(run.Approval.Time), strings.TrimSuffix(cleanText(run.Approval.Reason), "."), by)
	}
}

func orUnnamed(name string) string {
	if name == "" {
		return "somebody who is not named"
	}
	return cleanName(name)
}

// changesSay counts how the changes of a run ended.
func changesSay(run findings.Remediated) string {
	counts := map[string]int{}
	for _, change := range run.Changes {
		counts[change.Outcome]++
	}
	var parts []string
	for _, outcome := range findings.RunOutcomes() {
		if counts[outcome] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[outcome], reasonWord(outcome)))
		}
	}
	if len(parts) == 0 {
		return "It had no changes."
	}
	return plural(len(run.Changes), "change") + ": " + strings.Join(parts, ", ") + "."
}

// verifiedSays says how a run was verified.
func verifiedSays(run findings.Remediated) string {
	if run.Evidence == "" {
		return "The rules were not asked again after it."
	}
	counts := map[string]int{}
	for _, change := range run.Changes {
		counts[change.Verdict]++
	}
	return fmt.Sprintf("Judged again on fresh evidence, %.12s: of the changes that were made %d mended what they were for, %d left a violation, and %d could not be judged.",
		cleanName(run.Evidence), counts["mended"], counts["remains"], counts["unknown"])
}

// recordSays says who vouches for the record of a run.
func recordSays(run findings.Remediated) string {
	record := fmt.Sprintf("Its record, %.12s, ", cleanName(run.Record))
	switch {
	case run.Signature == nil:
		return record + "is not signed."
	case !run.Signature.Trusted:
		return record + "claims to be signed by key " + cleanName(run.Signature.KeyID) + ", which was not checked."
	default:
		return record + "is signed by " + strings.TrimSpace(cleanName(run.Signature.Name)+" (key "+cleanName(run.Signature.KeyID)+").")
	}
}

// all says of a run who made, approved and applied its plan, how it ended, and who vouches.
func (v remediatedView) all() string {
	return strings.Join([]string{v.Said, v.Result, v.Verified, v.Signed}, " ")
}

// latest are the last runs, and how many there are before them, in words.
func latest(views []remediatedView) (last []remediatedView, before string) {
	if hidden := len(views) - textRuns; hidden > 0 {
		return views[hidden:], fmt.Sprintf("%s before these, in result.json.", plural(hidden, "remediation"))
	}
	return views, ""
}

// remediationsSay says in a sentence each what was changed since the earlier result.
func remediationsSay(result *findings.Result) []string {
	views, before := latest(remediatedViews(result, 0))
	says := []string{before}
	for _, view := range views {
		says = append(says, view.Title+". "+view.all())
	}
	return says
}

// remediations lists what was changed since the earlier result, by whom, and how it was verified.
func (p *textPage) remediations(result *findings.Result) {
	if len(result.Remediations) == 0 {
		return
	}
	p.line(p.paint(bold, "REMEDIATIONS: "+remediationsCount(result)))
	views, before := latest(remediatedViews(result, textChanges))
	if before != "" {
		p.wrap(0, "", "", before)
	}
	for _, view := range views {
		p.line("")
		p.line(p.paint(bold, view.Title))
		p.wrap(2, "", "", view.all())
		for _, change := range view.Changes {
			said := change.Title + " (" + change.Resource + ")"
			if change.Says != "" {
				said += ": " + change.Says
			}
			p.wrap(2, "- "+endedWords(change)+": ", "", said)
		}
		if view.More != "" {
			p.wrap(2, "- ", "", view.More+".")
		}
	}
	p.line("")
}

// remediationsCount says how many remediations a result names, and since when.
func remediationsCount(result *findings.Result) string {
	if result.Change == nil {
		return fmt.Sprintf("%d before the evidence was read", len(result.Remediations))
	}
	return fmt.Sprintf("%d since the earlier result", len(result.Remediations))
}

func endedWords(change remediatedChange) string {
	if change.Verdict == "" {
		return change.Word
	}
	return change.Word + ", " + change.Verdict
}

// sarifRemediations are the runs as the properties of a SARIF run hold them.
func sarifRemediations(result *findings.Result) []findings.Remediated {
	var out []findings.Remediated
	for _, run := range result.Remediations {
		run.Plan, run.Author, run.App, run.Account, run.Record = cleanName(run.Plan), cleanName(run.Author), cleanName(run.App), cleanName(run.Account), cleanName(run.Record)
		run.Evidence = cleanName(run.Evidence)
		if run.Approval != nil {
			run.Approval = &findings.Approval{By: cleanName(run.Approval.By), KeyID: cleanName(run.Approval.KeyID), Time: run.Approval.Time, Reason: cleanText(run.Approval.Reason)}
		}
		if run.Signature != nil {
			run.Signature = &findings.Signature{KeyID: cleanName(run.Signature.KeyID), Name: cleanName(run.Signature.Name), Trusted: run.Signature.Trusted}
		}
		changes := make([]findings.RunChange, 0, len(run.Changes))
		for _, change := range run.Changes {
			changes = append(changes, findings.RunChange{
				ID: cleanName(change.ID), Title: prose(change.Title), Rules: cleanNames(change.Rules), Outcome: cleanName(change.Outcome), Verdict: cleanName(change.Verdict), Message: cleanText(change.Message),
				Resource: findings.Resource{Kind: cleanName(change.Resource.Kind), ID: cleanName(change.Resource.ID), Name: cleanName(change.Resource.Name)},
			})
		}
		run.Kind, run.Changes = cleanName(run.Kind), changes
		out = append(out, run)
	}
	return out
}

type oscalLog struct {
	Entries []oscalEntry `json:"entries"`
}

// oscalEntry is something that was done in the assessed system.
type oscalEntry struct {
	UUID        string      `json:"uuid"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Start       string      `json:"start"`
	End         string      `json:"end"`
	Props       []oscalProp `json:"props,omitempty"`
}

// log lists the remediations; nil where there are none.
func (r *oscalReport) log() *oscalLog {
	var entries []oscalEntry
	for i, view := range remediatedViews(r.result, 0) {
		run := r.result.Remediations[i]
		approver := ""
		if run.Approval != nil {
			approver = run.Approval.By
		}
		entries = append(entries, oscalEntry{
			UUID: nameUUID("remediation", r.result.Tenant.ID, run.Record), Title: oscalText("Remediation: " + view.Title),
			Description: oscalText(view.all()), Start: oscalTime(run.Began), End: oscalTime(run.Ended),
			Props: oscalProps("record-sha256", run.Record, "plan-sha256", run.Plan, "author", run.Author, "approved-by", approver, "evidence-sha256", run.Evidence),
		})
	}
	if entries == nil {
		return nil
	}
	return &oscalLog{entries}
}

// xlsxRemediations yields a row for each change of each run.
func xlsxRemediations(result *findings.Result) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for _, run := range result.Remediations {
			approver, reason := "", ""
			if run.Approval != nil {
				approver, reason = run.Approval.By, run.Approval.Reason
			}
			for _, change := range run.Changes {
				if !yield([]any{
					timeText(run.Began), cleanName(run.Kind), reasonWord(change.Outcome), cleanName(change.Verdict), prose(change.Title), resourceName(change.Resource), cleanName(change.Resource.ID),
					strings.Join(cleanNames(change.Rules), ", "), cleanText(change.Message), cleanName(run.Author), cleanName(approver), cleanText(reason), cleanName(run.App), cleanName(run.Evidence), cleanName(run.Record),
				}) {
					return
				}
			}
		}
	}
}
