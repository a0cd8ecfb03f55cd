package reports_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/domicile-audit/domicile/findings"
)

type ocsfEvent struct {
	ActivityID  int   `json:"activity_id"`
	CategoryUID int   `json:"category_uid"`
	ClassUID    int   `json:"class_uid"`
	TypeUID     int   `json:"type_uid"`
	Time        int64 `json:"time"`
	SeverityID  int   `json:"severity_id"`
	Severity    string
	StatusID    int `json:"status_id"`
	Message     string
	Metadata    struct {
		Version  string
		Profiles []string
		Product  struct {
			VendorName string `json:"vendor_name"`
		}
	}
	Cloud struct {
		Provider string
		Account  struct{ UID string }
	}
	FindingInfo struct {
		UID      string
		Title    string
		Analytic struct {
			UID    string
			TypeID int `json:"type_id"`
		}
	} `json:"finding_info"`
	Compliance struct {
		Control   string
		Standards []string
		StatusID  int `json:"status_id"`
		Status    string
	}
	Resources []struct{ UID, Type string }
	Unmapped  map[string]any
}

// readOCSF reads events and holds them to what the class requires
// (https://schema.ocsf.io/1.5.0/classes/compliance_finding).
func readOCSF(t testing.TB, made []byte) []ocsfEvent {
	t.Helper()
	var events []ocsfEvent
	for line := range bytes.Lines(made) {
		var required map[string]json.RawMessage
		if err := json.Unmarshal(line, &required); err != nil {
			t.Fatalf("a line of the OCSF report is not JSON: %v", err)
		}
		for _, name := range []string{"activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata", "finding_info", "compliance", "cloud"} {
			if required[name] == nil {
				t.Errorf("an event lacks %s", name)
			}
		}
		var event ocsfEvent
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatal(err)
		}
		if event.ClassUID != 2003 || event.CategoryUID != 2 || event.TypeUID != event.ClassUID*100+event.ActivityID || event.Metadata.Version != "1.5.0" {
			t.Errorf("the event %+v is of another class or version", event)
		}
		if event.Compliance.Standards == nil || event.Metadata.Product.VendorName == "" || event.Cloud.Provider == "" || event.FindingInfo.UID == "" || event.FindingInfo.Analytic.TypeID == 0 {
			t.Errorf("the event %+v lacks a required attribute", event)
		}
		events = append(events, event)
	}
	return events
}

func TestOCSFEvents(t *testing.T) {
	result := weak()
	edit(result, "LIC1003", func(r *findings.Rule) {
		r.Frameworks = map[string][]findings.Control{"own": {{ID: "1", Coverage: "full"}}}
	})
	events := readOCSF(t, render(t, "ocsf", result))
	uids := map[string]bool{}
	statuses := map[string][]string{}
	for _, event := range events {
		if uids[event.FindingInfo.UID] {
			t.Errorf("two events have the uid %s", event.FindingInfo.UID)
		}
		uids[event.FindingInfo.UID] = true
		if event.Time != result.Finished.UnixMilli() {
			t.Errorf("the time %d is not the scan's", event.Time)
		}
		id := event.FindingInfo.Analytic.UID
		statuses[id] = append(statuses[id], event.Compliance.Status)
		switch {
		case event.Compliance.Status == "Fail" && (id == "XDR1009") != (event.StatusID == 3):
			t.Errorf("%s has the status %d; a waived finding alone is suppressed", id, event.StatusID)
		case event.Compliance.Status != "Fail" && event.SeverityID != 1:
			t.Errorf("%s is %s and has the severity %s", id, event.Compliance.Status, event.Severity)
		case id == "LIC1003" && !slices.Equal(event.Compliance.Standards, []string{"own"}):
			t.Errorf("the standards of a rule of one's own framework are %q", event.Compliance.Standards)
		}
	}
	for _, finding := range result.Findings {
		if !uids[finding.Fingerprint] {
			t.Errorf("no event is of the finding %s of %s", finding.Fingerprint, finding.Rule)
		}
	}
	for id, want := range map[string][]string{"LIC1001": {"Pass"}, "GEO1004": {"Warning"}, "GEO1018": {"Other"}, "GEO1002": {"Fail", "Fail"}} {
		if !slices.Equal(statuses[id], want) {
			t.Errorf("%s has the statuses %q, want %q", id, statuses[id], want)
		}
	}
}
