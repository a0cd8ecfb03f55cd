package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The check by hand is what a program does that knows eight rules, this tenant's parameters and
// the fields that it needs beforehand: the floor under any engine that reads rules. It makes the
// same findings from the same bytes.

// checks are the rules that the check by hand knows.
func checks() map[string]bool {
	return map[string]bool{
		"CONS1010": true, "CONS1011": true, "CONS1021": true, "GEO1009": true, "GEO1010": true, "GEO1011": true, "GEO1012": true, "LIC1009": true,
	}
}

// pair is an application's id with a permission's or the application's name, or a resource's id
// with a role's.
type pair struct{ first, second string }

// byHand is the check. The texts of the object that is being judged lie in buffers that the next
// one uses again.
type byHand struct {
	out        *bufio.Writer
	json       jsontext.Decoder
	european   map[string]bool
	countries  map[string]bool
	approved   map[pair]bool   // application id and permission
	principals map[string]pair // application id and name, by the principal's id
	roles      map[pair]pair

	id, name, place, country, kind, holder, resource, role, scope, state, cause []byte
	failed                                                                      []string
}

func floor(w io.Writer, dir string) error {
	h := byHand{
		out: bufio.NewWriterSize(w, 64<<10), european: map[string]bool{"EUR": true, "EU": true}, countries: map[string]bool{},
		approved: map[pair]bool{}, principals: map[string]pair{}, roles: map[pair]pair{},
	}
	for _, country := range allowedCountries() {
		h.countries[country] = true
	}
	for _, entry := range approvals() {
		for _, permission := range entry.Permissions {
			if entry.Until > readAt {
				h.approved[pair{entry.AppID, permission}] = true
			}
		}
	}
	for _, kind := range []struct {
		name   string
		member func(name []byte) (*[]byte, func() error)
		judge  func()
	}{
		{"resource_permissions", h.permissionMember, h.permission},
		{"service_principals", h.principalMember, h.principal},
		{"users", h.userMember, h.user},
		{"groups", h.userMember, h.group},
		{"sites", h.siteMember, h.site},
		{"oauth2_permission_grants", h.grantMember, h.grant},
		{"app_role_assignments", h.assignmentMember, h.assignment},
	} {
		if err := h.objects(filepath.Join(dir, kind.name+".ndjson"), kind.member, kind.judge); err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	return h.out.Flush()
}

// objects reads each object of a file and judges it.
func (h *byHand) objects(path string, member func([]byte) (*[]byte, func() error), judge func()) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	h.json.Reset(file, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for h.json.PeekKind() == '{' {
		for _, text := range []*[]byte{&h.id, &h.name, &h.place, &h.country, &h.kind, &h.holder, &h.resource, &h.role, &h.scope} {
			*text = (*text)[:0]
		}
		h.failed = h.failed[:0]
		if err := h.members(member); err != nil {
			return err
		}
		judge()
	}
	if _, err := h.json.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("want an object: %w", err)
	}
	return nil
}

// members reads an object. Of each member, member says where its text goes, or what reads it; the
// others are skipped.
func (h *byHand) members(member func(name []byte) (*[]byte, func() error)) error {
	if _, err := h.json.ReadToken(); err != nil {
		return err
	}
	for h.json.PeekKind() == '"' {
		name, err := h.json.ReadValue()
		if err != nil {
			return err
		}
		text, nested := member(name[1 : len(name)-1])
		kind := h.json.PeekKind()
		switch {
		case text != nil && kind == '"':
			var value jsontext.Value
			if value, err = h.json.ReadValue(); err == nil {
				*text = appendText((*text)[:0], value)
			}
		case nested != nil && (kind == '[' || kind == '{'):
			err = nested()
		default:
			err = h.json.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := h.json.ReadToken()
	return err
}

func appendText(text, raw []byte) []byte {
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return append(text, inner...)
	}
	text, _ = jsontext.AppendUnquote(text, raw) // the decoder has read it whole
	return text
}

func (h *byHand) found(rule, format string, args ...any) {
	fmt.Fprintf(h.out, "%s %s ", rule, h.id)
	fmt.Fprintf(h.out, format+"\n", args...)
}

func (h *byHand) permissionMember(name []byte) (*[]byte, func() error) {
	switch string(name) {
	case "id":
		return &h.id, nil
	case "resourceId":
		return &h.resource, nil
	case "appId":
		return &h.holder, nil
	case "value":
		return &h.name, nil
	case "type":
		return &h.kind, nil
	}
	return nil, nil
}

func (h *byHand) permission() {
	if string(h.kind) == "Role" {
		h.roles[pair{string(h.resource), string(h.id)}] = pair{string(h.holder), string(h.name)}
	}
}

func (h *byHand) principalMember(name []byte) (*[]byte, func() error) {
	switch string(name) {
	case "id":
		return &h.id, nil
	case "appId":
		return &h.holder, nil
	case "displayName":
		return &h.name, nil
	}
	return nil, nil
}

func (h *byHand) principal() { h.principals[string(h.id)] = pair{string(h.holder), string(h.name)} }

func (h *byHand) userMember(name []byte) (*[]byte, func() error) {
	switch string(name) {
	case "id":
		return &h.id, nil
	case "userPrincipalName", "displayName":
		return &h.name, nil
	case "preferredDataLocation":
		return &h.place, nil
	case "usageLocation":
		return &h.country, nil
	case "licenseAssignmentStates":
		return nil, h.states
	}
	return nil, nil
}

// states notes the licence assignments that are in error.
func (h *byHand) states() error {
	if _, err := h.json.ReadToken(); err != nil {
		return err
	}
	for h.json.PeekKind() == '{' {
		h.state, h.cause = h.state[:0], h.cause[:0]
		if err := h.members(h.stateMember); err != nil {
			return err
		}
		if state := string(h.state); state == "Error" || state == "ActiveWithError" {
			h.failed = append(h.failed, string(h.cause))
		}
	}
	_, err := h.json.ReadToken()
	return err
}

func (h *byHand) stateMember(name []byte) (*[]byte, func() error) {
	switch string(name) {
	case "state":
		return &h.state, nil
	case "error":
		return &h.cause, nil
	}
	return nil, nil
}

func (h *byHand) user() {
	h.preferred("GEO1009")
	if len(h.country) > 0 && !h.countries[string(h.country)] {
		h.found("GEO1012", "the usage location of %s is %s", h.name, h.country)
	}
	if len(h.failed) > 0 {
		h.found("LIC1009", "licence assignments of %s are in error: %s", h.name, strings.Join(h.failed, ", "))
	}
}

func (h *byHand) group() { h.preferred("GEO1010") }

func (h *byHand) preferred(rule string) {
	if len(h.place) > 0 && !h.european[string(h.place)] {
		h.found(rule, "%s asks for the data location %s", h.name, h.place)
	}
}

func (h *byHand) siteMember(name []byte) (*[]byte, func() error) {
	switch string(name) {
	case "id":
		return &h.id, nil
	case "webUrl":
		return &h.name, nil
	case "siteCollection":
		return nil, func() error { return h.members(h.siteMember) }
	case "dataLocationCode":
		return &h.place, nil
	}
	return nil, nil
}

func (h *byHand) site() {
	if len(h.place) > 0 && !h.european[string(h.place)] {
		h.found("GEO1011", "site %s rests in the data location %s", h.name, h.place)
	}
}

func (h *byHand) grantMember(name []byte) (*[]byte, func() error) {
	switch string(name) {
	case "id":
		return &h.id, nil
	case "clientId":
		return &h.holder, nil
	case "consentType":
		return &h.kind, nil
	case "scope":
		return &h.scope, nil
	}
	return nil, nil
}

func (h *byHand) grant() {
	if string(h.kind) != "AllPrincipals" {
		return
	}
	var refused []string
	for scope := range strings.SplitSeq(string(h.scope), " ") {
		if highRisk(scope) && !h.approved[pair{h.principals[string(h.holder)].first, scope}] {
			refused = append(refused, scope)
		}
	}
	if len(refused) > 0 {
		h.found("CONS1010", "%s holds %s for all users", h.principals[string(h.holder)].second, strings.Join(refused, ", "))
	}
}

func (h *byHand) assignmentMember(name []byte) (*[]byte, func() error) {
	switch string(name) {
	case "id":
		return &h.id, nil
	case "principalId":
		return &h.holder, nil
	case "principalType":
		return &h.kind, nil
	case "resourceId":
		return &h.resource, nil
	case "appRoleId":
		return &h.role, nil
	}
	return nil, nil
}

func (h *byHand) assignment() {
	if kind := string(h.kind); kind == "User" || kind == "Group" {
		return
	}
	role, known := h.roles[pair{string(h.resource), string(h.role)}]
	if !known || h.approved[pair{h.principals[string(h.holder)].first, role.second}] {
		return
	}
	name := h.principals[string(h.holder)].second
	if securityData(role.first, role.second) {
		h.found("CONS1011", "%s holds %s", name, role.second)
	}
	if selfGranting(role.second) {
		h.found("CONS1021", "%s holds %s", name, role.second)
	}
}

// The permissions that the tenant's applications may hold are a part of those that the rules
// know, and so are the codes of places.

func highRisk(scope string) bool {
	switch strings.ToLower(scope) {
	case "directory.readwrite.all", "files.readwrite.all", "group.readwrite.all", "mail.readwrite", "mail.send", "sites.fullcontrol.all", "user.readwrite.all":
		return true
	}
	return selfGranting(scope) || securityName(scope)
}

func selfGranting(name string) bool {
	switch strings.ToLower(name) {
	case "application.readwrite.all", "approleassignment.readwrite.all", "delegatedpermissiongrant.readwrite.all", "policy.readwrite.permissiongrant", "rolemanagement.readwrite.directory":
		return true
	}
	return false
}

func securityData(app, name string) bool {
	return app == "fc780465-2017-40d4-a0c5-307022471b92" || securityName(name)
}

func securityName(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range []string{"auditlogsquery", "securityalert.", "securityevents.", "securityidentities", "securityincident.", "threathunting.read.all"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
