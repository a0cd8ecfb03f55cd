package collectors

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
)

// huntingTables are the tables of advanced hunting that show whether a workload feeds
// the service, and whether they say which application an event is of.
func huntingTables() []huntingTable {
	return []huntingTable{
		{"DeviceInfo", false},
		{"EmailEvents", false},
		{"IdentityLogonEvents", true},
		{"IdentityDirectoryEvents", true},
		{"CloudAppEvents", true},
		{"AlertInfo", false},
		{"DisruptionAndResponseEvents", false},
	}
}

type huntingTable struct {
	name          string
	byApplication bool
}

// huntingSpan is how far back the daily counts go: all that advanced hunting keeps.
const huntingSpan = "P30D"

// query counts the rows of a table by day, and by application where it has one.
func (t huntingTable) query() string {
	by := "day = bin(Timestamp, 1d)"
	if t.byApplication {
		by += ", app = Application"
	}
	return t.name + " | where Timestamp > ago(30d) | summarize n = count() by " + by
}

// security lists what is read of Defender XDR and Defender for Identity.
func security() []Collector {
	sensors := collection("mdi_sensors", "security/identities/sensors", "SecurityIdentitiesSensors.Read.All", "SecurityIdentitiesSensors.ReadWrite.All")
	health := collection("mdi_health", "security/identities/healthIssues?$filter=status%20eq%20'open'", "SecurityIdentitiesHealth.Read.All", "SecurityIdentitiesHealth.ReadWrite.All")
	settings := document("mdi_settings", "security/identities/settings/autoAuditingConfiguration", "SecurityIdentitiesAutoConfig.Read.All", "SecurityIdentitiesAutoConfig.ReadWrite.All")
	sensors.Clouds, health.Clouds, settings.Clouds = withSecurity, withSecurity, []string{"global"}
	return []Collector{
		{
			Kind: "incidents_probe", API: Graph, Paths: []string{"security/incidents?$top=1", "security/incidents/{id}"}, Clouds: withSecurity,
			Permissions: []string{"SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"}, Tier: evidence.Proxy, probe: true,
			read: readIncidentsProbe,
		},
		{
			Kind: "hunting_probe", API: Graph, Paths: []string{"security/runHuntingQuery"}, Clouds: withSecurity,
			Permissions: []string{"ThreatHunting.Read.All"}, Tier: evidence.Proxy, probe: true,
			read: readHuntingProbe,
		},
		{
			Kind: "defender_api_probe", API: XDR, Paths: []string{"api/incidents?$top=1"}, Clouds: withSecurity,
			Permissions: []string{"Incident.Read.All", "Incident.ReadWrite.All", "Incident.Read", "Incident.ReadWrite"}, Tier: evidence.API, probe: true,
			read: readDefenderProbe,
		},
		sensors,
		health,
		{
			Kind: "machine_actions_probe", API: MDE, Paths: []string{"api/machineactions?$top=1"}, Clouds: withSecurity,
			Permissions: []string{"Machine.Read.All", "Machine.ReadWrite.All"}, Tier: evidence.Proxy, probe: true,
			read: readDefenderProbe,
		},
		{
			Kind: "audit_probe", API: Graph, Paths: []string{"security/auditLog/queries", "security/auditLog/queries/{id}/records?$top=1"},
			Clouds: []string{"global"}, Permissions: []string{"AuditLogsQuery.Read.All"}, Tier: evidence.Proxy, probe: true,
			read: readAuditProbe,
		},
		settings,
		{
			Kind: "secure_scores", API: Graph, Paths: []string{"security/secureScores?$top=1"}, Clouds: withSecurity,
			Permissions: []string{"SecurityEvents.Read.All", "SecurityEvents.ReadWrite.All"}, Tier: evidence.Proxy,
			read: readSecureScore,
		},
	}
}

// probeLine is what a probe keeps of an answer.
type probeLine struct {
	Status    int      `json:"status"`
	Code      string   `json:"code"`
	Message   string   `json:"message"`
	Permitted bool     `json:"permitted"`
	Seen      *seenOne `json:"seen,omitempty"`
	Earlier   *earlier `json:"earlier,omitempty"`
}

// earlier is the incident that an earlier scan saw, and whether it is still there.
type earlier struct {
	seenOne
	Status int `json:"status"`
}

type seenOne struct {
	ID              string `json:"id"`
	CreatedDateTime string `json:"createdDateTime"`
}

// asked turns an answer or a refusal into the probe's line. Any HTTP answer but 429 and
// 5xx is evidence; everything else stays an error and becomes a gap.
func (r *reading) asked(answer Answer, err error) (probeLine, error) {
	line := probeLine{Status: answer.Status, Permitted: r.collector.permitted(r.granted)}
	if err == nil {
		return line, nil
	}
	var refusal *RefusalError
	if !errors.As(err, &refusal) || refusal.Reason != "" || refusal.Status < 300 ||
		refusal.Status == http.StatusTooManyRequests || refusal.Status >= 500 {
		return line, err
	}
	line.Status, line.Code, line.Message = refusal.Status, refusal.Code, refusal.Message
	return line, nil
}

func readIncidentsProbe(ctx context.Context, r *reading) error {
	answer, err := r.get(ctx, r.path(0))
	line, err := r.asked(answer, err)
	if err != nil {
		return err
	}
	if line.Status == http.StatusOK {
		var page struct {
			Value []seenOne `json:"value"`
		}
		if err := json.Unmarshal(answer.Body, &page); err != nil || page.Value == nil {
			return misshapen(answer, "the list of incidents")
		}
		if len(page.Value) > 0 {
			line.Seen = &page.Value[0]
		}
		if line.Earlier, err = r.seenEarlier(ctx); err != nil {
			return err
		}
	}
	return r.marshal(line)
}

// seenEarlier asks for the incident that the earlier result names, if there is one: one
// that is gone although it is young shows that the service was turned off in between.
func (r *reading) seenEarlier(ctx context.Context) (*earlier, error) {
	for _, raw := range r.imported("previous_result") {
		var previous struct {
			Seen *seenOne `json:"seen"`
		}
		if err := json.Unmarshal(raw, &previous); err != nil {
			return nil, &fatal{err}
		}
		if previous.Seen == nil || previous.Seen.ID == "" {
			continue
		}
		_, err := r.get(ctx, r.path(1, "id", previous.Seen.ID))
		switch {
		case err == nil:
			return &earlier{*previous.Seen, http.StatusOK}, nil
		case notFound(err):
			return &earlier{*previous.Seen, http.StatusNotFound}, nil
		default:
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // no earlier result, no earlier incident
}

func readDefenderProbe(ctx context.Context, r *reading) error {
	answer, err := r.get(ctx, r.path(0))
	line, err := r.asked(answer, err)
	if err != nil {
		return err
	}
	var page struct {
		Value []json.RawMessage `json:"value"`
	}
	if line.Status == http.StatusOK && (json.Unmarshal(answer.Body, &page) != nil || page.Value == nil) {
		return misshapen(answer, "the list of incidents")
	}
	return r.marshal(line)
}

// huntingLine is what the hunting probe keeps of one query. Days counts rows by day
// (yyyy-mm-dd, UTC) and application; the application is empty where the table has none.
type huntingLine struct {
	Table string `json:"table"`
	probeLine
	Days map[string]map[string]int `json:"days"`
}

func readHuntingProbe(ctx context.Context, r *reading) error {
	printed, err := r.hunt(ctx, "print", "print Probe = 1", "P1D")
	if err != nil {
		return err
	}
	if err := r.marshal(printed); err != nil || printed.Status != http.StatusOK {
		return err
	}
	for _, table := range huntingTables() {
		line, err := r.hunt(ctx, table.name, table.query(), huntingSpan)
		if err != nil {
			return err
		}
		if err := r.marshal(line); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) hunt(ctx context.Context, table, query, span string) (huntingLine, error) {
	r.count()
	r.minimum++
	answer, err := r.run.source.Hunt(ctx, query, span)
	line, err := r.asked(answer, err)
	if err != nil {
		return huntingLine{}, err
	}
	hunted := huntingLine{Table: table, probeLine: line, Days: map[string]map[string]int{}}
	if line.Status != http.StatusOK {
		return hunted, nil
	}
	rows, err := huntingRows(answer.Body)
	if err == nil && table != "print" {
		hunted.Days, err = countDays(rows)
	}
	if err != nil {
		refusal := misshapen(answer, "the hunting result")
		refusal.Message += ": " + err.Error()
		return huntingLine{}, refusal
	}
	return hunted, nil
}

// huntingRow is one row of the queries by day.
type huntingRow struct {
	Day string      `json:"day"`
	App string      `json:"app"`
	N   json.Number `json:"n"`
}

// huntingRows reads the rows of a hunting result.
func huntingRows(body json.RawMessage) ([]huntingRow, error) {
	var result struct {
		Results []huntingRow `json:"results"`
	}
	if err := json.Unmarshal(body, &result); err != nil {
		return nil, err
	}
	if result.Results == nil {
		return nil, errors.New("it has no results")
	}
	return result.Results, nil
}

// countDays sums the rows {day, app, n} up.
func countDays(rows []huntingRow) (map[string]map[string]int, error) {
	const most = 1e15
	days := map[string]map[string]int{}
	for _, row := range rows {
		day, _, dated := strings.Cut(row.Day, "T")
		_, undated := time.Parse(time.DateOnly, day)
		count, err := row.N.Float64()
		if !dated || undated != nil || err != nil || count < 0 || count > most {
			return nil, errors.New("a row has no day or no count")
		}
		if days[day] == nil {
			days[day] = map[string]int{}
		}
		days[day][row.App] += int(count)
	}
	return days, nil
}

// readSecureScore reads the latest secure score alone: the collection holds one a day.
func readSecureScore(ctx context.Context, r *reading) error {
	answer, err := r.get(ctx, r.path(0))
	if err != nil {
		return err
	}
	var page struct {
		Value []json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(answer.Body, &page); err != nil {
		return &RefusalError{Status: answer.Status, Reason: evidence.Invalid, Message: "the list of secure scores is not of the documented shape", RequestID: answer.RequestID}
	}
	if len(page.Value) == 0 {
		return nil
	}
	return r.write(page.Value[0])
}

// auditLine is what the audit probe keeps.
type auditLine struct {
	probeLine
	Newest string `json:"newest"`
}

// readAuditProbe asks for earlier searches of the unified audit log and, where one
// succeeded, for a record that it found. It starts no search: that would be a write.
func readAuditProbe(ctx context.Context, r *reading) error {
	answer, err := r.get(ctx, r.path(0))
	line, err := r.asked(answer, err)
	if err != nil {
		return err
	}
	probed := auditLine{probeLine: line}
	if line.Status == http.StatusOK {
		if probed.Newest, err = r.newestRecord(ctx, answer); err != nil {
			return err
		}
	}
	return r.marshal(probed)
}

// newestRecord is the time of a record that the latest succeeded search found, or empty.
func (r *reading) newestRecord(ctx context.Context, searches Answer) (string, error) {
	invalid := &RefusalError{Status: searches.Status, Reason: evidence.Invalid, Message: "the audit log's answer is not of the documented shape", RequestID: searches.RequestID}
	var list struct {
		Value []struct {
			ID     string `json:"id"`
			Status string `json:"status"`
			End    string `json:"filterEndDateTime"`
		} `json:"value"`
	}
	if err := json.Unmarshal(searches.Body, &list); err != nil {
		return "", invalid
	}
	latest, end := "", ""
	for _, search := range list.Value {
		if search.Status == "succeeded" && search.End >= end {
			latest, end = search.ID, search.End
		}
	}
	if latest == "" {
		return "", nil
	}
	answer, err := r.get(ctx, r.path(1, "id", latest))
	if err != nil {
		return "", err
	}
	var records struct {
		Value []struct {
			Created string `json:"createdDateTime"`
		} `json:"value"`
	}
	if err := json.Unmarshal(answer.Body, &records); err != nil {
		return "", invalid
	}
	if len(records.Value) == 0 {
		return "", nil
	}
	return records.Value[0].Created, nil
}
