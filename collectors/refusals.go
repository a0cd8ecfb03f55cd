package collectors

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/domicile-audit/domicile/evidence"
)

// refusalTable maps status, error code and message to the reason of a gap. It is data,
// so that a code can be added without touching a collector; the first row that fits
// decides.
//
//go:embed refusals.json
var refusalTable []byte

// refusalRow is a row of the table. Code and Message may be empty, which fits anything;
// Message is part of the service's own message.
type refusalRow struct {
	Status  int             `json:"status"`
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Reason  evidence.Reason `json:"reason"`
	// Source says where the meaning is documented, or that it is not.
	Source string `json:"source"`
}

var refusalRows = sync.OnceValue(func() []refusalRow {
	var rows []refusalRow
	if err := json.Unmarshal(refusalTable, &rows); err != nil {
		panic(fmt.Sprintf("reading the embedded refusals.json: %v", err))
	}
	return rows
})

// reasonOf says what a refusal means.
func reasonOf(refusal *RefusalError) evidence.Reason {
	if refusal.Reason != "" {
		return refusal.Reason
	}
	for _, row := range refusalRows() {
		if row.Status == refusal.Status &&
			(row.Code == "" || row.Code == refusal.Code) &&
			strings.Contains(strings.ToLower(refusal.Message), strings.ToLower(row.Message)) {
			return row.Reason
		}
	}
	return evidence.ServiceError
}

// gapOf makes the gap of a kind that a service refused. A refusal for want of permission
// although the token carries it is said to be that: Conditional Access, a revoked
// consent or a service that isn't provisioned answer in the same way.
func gapOf(collector Collector, granted []string, refusal *RefusalError) evidence.Gap {
	gap := evidence.Gap{
		Kind: collector.Kind, Reason: reasonOf(refusal), Status: refusal.Status,
		Code: refusal.Code, RequestID: refusal.RequestID,
	}
	said := refusal.Message
	if refusal.Reason == "" {
		said = fmt.Sprintf("answered %d %s", refusal.Status, http.StatusText(refusal.Status))
		if refusal.Code != "" {
			said += " (" + refusal.Code + ")"
		}
	}
	if gap.Reason == evidence.NoPermission && len(collector.Permissions) > 0 {
		gap.Permission = collector.lacks(granted)
		if collector.permitted(granted) {
			said += " although the token carries a permission that suffices"
		} else {
			said = "the permission '" + gap.Permission + "' is missing"
			if refusal.Reason != "" && refusal.Code != "" {
				said += "; " + refusal.Message // no token for the API: the authority says why
			}
		}
	}
	if gap.Reason == evidence.NoPermission && len(collector.Permissions) == 0 {
		gap.Permission = "Reader"
	}
	gap.Message = sentence(said)
	return gap
}

// sentence gives a message a capital and a full stop.
func sentence(text string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	if text == "" {
		return "The service gave no reason."
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
