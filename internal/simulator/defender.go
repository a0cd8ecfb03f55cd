package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// xdr answers as Defender XDR's own API: the incidents of the tenant, in that API's
// shape and names.
func (c *call) xdr() {
	if !c.server.tenant.offers("security") {
		c.defenderError(http.StatusNotFound, "NotFound", "The resource was not found.")
		return
	}
	if !c.defenderRead("/xdr", "/xdr/api/incidents", "Incident.Read.All") {
		return
	}
	incidents := c.dir.lists["security/incidents"]
	value := []any{}
	for i := range incidents.len() {
		o := incidents.at(i)
		id, err := strconv.Atoi(o.text("id"))
		if err != nil {
			continue // incidents of this API have numbers
		}
		value = append(value, map[string]any{
			"incidentId": id, "incidentName": o.text("displayName"),
			"createdTime": o.text("createdDateTime"), "lastUpdateTime": o.text("lastUpdateDateTime"),
			"status": capital(o.text("status")), "severity": capital(o.text("severity")),
			"alerts": []any{},
		})
	}
	c.defenderList("Incidents", value)
}

// mde answers as Defender for Endpoint's own API: the machine actions of the tenant.
func (c *call) mde() {
	if !c.server.tenant.offers("security") {
		c.defenderError(http.StatusNotFound, "NotFound", "The resource was not found.")
		return
	}
	if !c.defenderRead("/mde", "/mde/api/machineactions", "Machine.Read.All") {
		return
	}
	value := append([]any{}, c.server.tenant.doc.MDE.MachineActions...)
	c.defenderList("MachineActions", value)
}

// defenderRead checks token, path, method, permission and faults, and answers when one
// of them forbids the read.
func (c *call) defenderRead(mount, path, role string) bool {
	cl, ok := c.reader(mount)
	switch {
	case !ok:
		c.defenderError(http.StatusUnauthorized, "Unauthorized", "Access token is empty, malformed or of another audience.")
	case c.path != path:
		c.defenderError(http.StatusNotFound, "NotFound", "No resource was found at this address.")
	case c.r.Method != http.MethodGet:
		c.refuseWrite(cl, c.defenderError)
	case !slices.Contains(cl.Roles, role):
		c.defenderError(http.StatusForbidden, "Forbidden", fmt.Sprintf("Missing application roles. API required roles: %s, application roles: %s.", role, strings.Join(cl.Roles, ",")))
	default:
		return !c.faulted(c.defenderError)
	}
	return false
}

// defenderList answers with as many items as $top says.
func (c *call) defenderList(name string, value []any) {
	if text := c.r.URL.Query().Get("$top"); text != "" {
		top, err := strconv.Atoi(text)
		if err != nil || top < 0 {
			c.defenderError(http.StatusBadRequest, "BadRequest", "$top must be a number from 0.")
			return
		}
		value = value[:min(top, len(value))]
	}
	c.out.json(http.StatusOK, map[string]any{
		"@odata.context": c.server.url + "/api/$metadata#" + name, "value": value,
	})
	c.truncate()
}

// capital writes a word of Graph's as Defender's API does: active is Active there.
func capital(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}
