package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/owenrumney/go-sarif/v2/sarif"

	"github.com/domicile-audit/domicile/findings"
)

// invocation says how the evaluation ended, and what evidence it lacked.
func (l *sarifLog) invocation() *sarif.Invocation {
	exit := l.result.Exit
	invocation := &sarif.Invocation{
		ExecutionSuccessful: ptr(exit.Code == findings.ExitClean || exit.Code == findings.ExitViolations || exit.Code == findings.ExitIncomplete),
		ExitCode:            ptr(exit.Code),
		StartTimeUTC:        timeOf(l.result.Started),
		EndTimeUTC:          timeOf(l.result.Finished),
	}
	if reason := cleanText(exit.Reason); reason != "" {
		invocation.ExitCodeDescription = ptr(sentence(reason))
	}
	if l.result.Reader.AppID != "" {
		invocation.Account = ptr(cleanName(l.result.Reader.AppID))
	}
	kinds := l.gapReasons()
	for _, gap := range l.result.Gaps {
		invocation.ToolExecutionNotifications = append(invocation.ToolExecutionNotifications, notification(gap, kinds))
	}
	for _, note := range l.profile.notes {
		invocation.ToolExecutionNotifications = append(invocation.ToolExecutionNotifications, &sarif.Notification{
			Descriptor: &sarif.ReportingDescriptorReference{Id: ptr(limitID), Index: ptr(uint(len(kinds)))},
			Level:      "warning",
			Message:    message(note),
		})
	}
	return invocation
}

// notification tells of evidence that is missing or incomplete.
func notification(gap findings.Gap, kinds map[string]uint) *sarif.Notification {
	out := &sarif.Notification{
		Descriptor: &sarif.ReportingDescriptorReference{Id: ptr(notificationID(gap.Reason)), Index: ptr(kinds[gap.Reason])},
		Level:      "warning",
		Message:    message(gapSentence(gap)),
	}
	out.Properties = sarif.Properties{"kind": cleanName(gap.Kind), "reason": cleanName(gap.Reason)}
	if gap.Permission != "" {
		out.Properties["permission"] = cleanName(gap.Permission)
	}
	return out
}

// gapSentence says what is missing, why, and what was answered.
func gapSentence(gap findings.Gap) string {
	said := fmt.Sprintf("The evidence '%s' is missing or incomplete: %s.", cleanName(gap.Kind), reasonWord(gap.Reason))
	if meaning := reasonMeaning(gap.Reason); meaning != "" {
		said = fmt.Sprintf("The evidence '%s' is missing or incomplete. %s", cleanName(gap.Kind), meaning)
	}
	if gap.Permission != "" {
		said += fmt.Sprintf(" What is missing: '%s'.", cleanName(gap.Permission))
	}
	if answer := gapAnswer(gap); answer != "" {
		said += fmt.Sprintf(" The answer was '%s'.", answer)
	}
	return said
}

// gapAnswer is the HTTP status and the service's code, where there were any.
func gapAnswer(gap findings.Gap) string {
	var parts []string
	if gap.Status != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", gap.Status))
	}
	if gap.Code != "" {
		parts = append(parts, cleanName(gap.Code))
	}
	return strings.Join(parts, " ")
}

// gapReasons numbers the reasons of the gaps.
func (l *sarifLog) gapReasons() map[string]uint {
	named := map[string]bool{}
	for _, gap := range l.result.Gaps {
		named[gap.Reason] = true
	}
	numbers := map[string]uint{}
	for i, reason := range keys(named) {
		numbers[reason] = uint(i)
	}
	return numbers
}

func notificationID(reason string) string { return "gap/" + cleanName(reason) }

// limitID is the kind of the profile's notes.
const limitID = "limit/results"

// notificationKinds describes the reasons of the gaps, in the order of gapReasons, and
// after them the profile's notes.
func (l *sarifLog) notificationKinds() []*sarif.ReportingDescriptor {
	var kinds []*sarif.ReportingDescriptor
	for _, reason := range keys(l.gapReasons()) {
		meaning := reasonMeaning(reason)
		if meaning == "" {
			meaning = sentence(reasonWord(reason))
		}
		kinds = append(kinds, &sarif.ReportingDescriptor{
			ID:               notificationID(reason),
			Name:             ptr(pascalName("Gap "+reasonWord(reason), "")),
			ShortDescription: multi(meaning, ""),
			FullDescription:  multi("Evidence could not be read, or not whole. "+meaning, ""),
			Help:             multi("Remove the cause and scan again; until then the rules that read this evidence are not judged.", ""),
			HelpURI:          ptr(homepage),
		})
	}
	if len(l.profile.notes) > 0 {
		kinds = append(kinds, &sarif.ReportingDescriptor{
			ID:               limitID,
			Name:             ptr("ResultsLeftOut"),
			ShortDescription: multi("Results are left out", ""),
			FullDescription:  multi("The reader of this file takes or shows fewer results than there are.", ""),
			Help:             multi("Read the other results in result.json, or in another report that is made from it.", ""),
			HelpURI:          ptr(homepage),
		})
	}
	return kinds
}

// artifacts are the customer's configuration and the files of evidence, these with their
// digests. The length is not known; the library's own -1 says so.
func (l *sarifLog) artifacts() []*sarif.Artifact {
	var artifacts []*sarif.Artifact
	if uri := relativeURI(l.result.Config.URI); uri != "" {
		artifacts = append(artifacts, &sarif.Artifact{
			Location:    &sarif.ArtifactLocation{URI: &uri},
			Length:      -1,
			Roles:       []string{"userSpecifiedConfiguration"},
			MimeType:    ptr("application/yaml"),
			Description: message("The configuration that says what is allowed."),
		})
	}
	for _, evidence := range l.result.Evidence {
		file := relativeURI("evidence/" + evidence.File)
		if evidence.File == "" {
			file = relativeURI("evidence/" + evidence.Kind)
		}
		artifact := &sarif.Artifact{
			Location:    &sarif.ArtifactLocation{URI: &file},
			Length:      -1,
			Roles:       []string{"analysisTarget"},
			MimeType:    ptr("application/x-ndjson"),
			Description: message(fmt.Sprintf("Evidence of the kind '%s': %s.", cleanName(evidence.Kind), plural(evidence.Objects, "object"))),
		}
		if evidence.SHA256 != "" {
			artifact.Hashes = map[string]string{"sha-256": cleanName(evidence.SHA256)}
		}
		if !evidence.Time.IsZero() {
			artifact.LastModifiedTimeUtc = ptr(evidence.Time.Format(time.RFC3339))
		}
		artifact.Properties = sarif.Properties{
			"kind": cleanName(evidence.Kind), "objects": evidence.Objects, "complete": evidence.Complete,
			"tier": cleanName(evidence.Tier), "api": cleanText(evidence.API), "requests": evidence.Requests,
		}
		if evidence.Minimum > 0 {
			artifact.Properties["minimum"] = evidence.Minimum
		}
		artifacts = append(artifacts, artifact)
	}
	return artifacts
}

func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
