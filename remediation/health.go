package remediation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

const sensorsPath = "security/identities/sensors"

// closeHealthIssue closes a health issue of Defender for Identity whose cause is gone, as all the
// sensors that it names say: they are in order and count no open issue. To close any other, or to
// suppress one, hides it and mends nothing.
func closeHealthIssue() Action {
	const path = "security/identities/healthIssues/"
	return Action{
		ID: "close_health_issue", Title: "Close a health issue whose sensors are in order", Risk: Medium,
		Permission: "SecurityIdentitiesHealth.ReadWrite.All", Reads: []string{"SecurityIdentitiesHealth.Read.All", "SecurityIdentitiesSensors.Read.All"},
		Writes: []Pattern{{"PATCH", path + "*", []string{"status"}}},
		changes: func(p *planner, finding findings.Finding) ([]Change, error) {
			var issue struct {
				Name    string   `json:"displayName"`
				Type    string   `json:"healthIssueType"`
				Sensors []string `json:"sensorDNSNames"`
			}
			if _, err := p.find("mdi_health", finding.Resource.ID, &issue); err != nil {
				return nil, err
			}
			if issue.Type != "sensor" || len(issue.Sensors) == 0 {
				return nil, &unplannedError{"nothing else tells whether the cause of the issue is gone, and closing it would hide it"}
			}
			change := Change{
				Subject: tenant(p), Read: Read{Path: path + finding.Resource.ID},
				Why: "The sensors that the issue names say that they are in order; an issue that stays open without cause hides others.",
				Blast: Blast{
					What: fmt.Sprintf("the health issue %q is closed; Defender for Identity opens it again where it finds the cause again", issue.Name), Count: len(issue.Sensors), Names: issue.Sensors,
				},
			}
			for _, name := range issue.Sensors {
				healthy, err := p.sensorInOrder(name)
				if err != nil {
					return nil, err
				}
				change.Needs = append(change.Needs, healthy)
			}
			return replace(change, "PATCH", path+finding.Resource.ID, map[string]any{"status": "open"}, map[string]any{"status": "closed"})
		},
	}
}

// sensor is what the evidence says of a sensor of Defender for Identity.
type sensor struct {
	ID         string `json:"id"`
	Name       string `json:"displayName"`
	Domain     string `json:"domainName"`
	Deployment string `json:"deploymentStatus"`
	Health     string `json:"healthStatus"`
	Issues     *int   `json:"openHealthIssuesCount"`
}

// is says whether a DNS name is the sensor's.
func (s sensor) is(name string) bool {
	return slices.ContainsFunc([]string{s.Name, s.Name + "." + s.Domain}, func(own string) bool { return strings.EqualFold(own, name) })
}

// sensorInOrder is the condition that the sensor of a DNS name is in order, as it is in the evidence.
func (p *planner) sensorInOrder(name string) (Condition, error) {
	for line, err := range p.Bundle.Objects("mdi_sensors") {
		if err != nil {
			return Condition{}, err
		}
		var s sensor
		if err := json.Unmarshal(line, &s); err != nil {
			return Condition{}, err
		}
		if !s.is(name) {
			continue
		}
		if s.Deployment != "upToDate" || s.Health != "healthy" || s.Issues == nil || *s.Issues != 0 || !id.MatchString(s.ID) {
			return Condition{}, &unplannedError{fmt.Sprintf("the sensor %q doesn't say that it is in order, and closing the issue would hide that", name)}
		}
		state, err := encode(map[string]any{"deploymentStatus": s.Deployment, "healthStatus": s.Health, "openHealthIssuesCount": 0})
		return Condition{
			Read: Read{Path: sensorsPath + "/" + s.ID}, State: state, Else: fmt.Sprintf("the sensor %q isn't in order any more, and closing the issue would hide that", name),
		}, err
	}
	return Condition{}, &unplannedError{fmt.Sprintf("the sensor %q isn't in the evidence, so that nothing tells whether the cause is gone", name)}
}
