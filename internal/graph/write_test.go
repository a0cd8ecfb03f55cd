package graph_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/graph"
	"github.com/domicile-audit/domicile/remediation"
)

func connectWriter(t *testing.T, f *fake) *graph.Writer {
	t.Helper()
	writer, err := graph.ConnectWriter(t.Context(), f.options(t))
	if err != nil {
		t.Fatalf("ConnectWriter() = %v", err)
	}
	t.Cleanup(writer.Close)
	return writer
}

func TestWriterSendsWhatThePlanShows(t *testing.T) {
	f := newFake(t)
	f.api = says(http.StatusNoContent, "", "request-id", "r-1")
	writer := connectWriter(t, f)
	if writer.Tenant() != tenantID || writer.App() != clientID {
		t.Errorf("the writer is %s of %s", writer.App(), writer.Tenant())
	}
	for _, request := range []remediation.Request{
		{Method: "PATCH", Path: "policies/authorizationPolicy", Body: json.RawMessage(`{"defaultUserRolePermissions":{"b":1,"a":["<ü>"]}}`)},
		{Method: "PUT", Path: "policies/adminConsentRequestPolicy", Body: json.RawMessage(`{"reviewers":[],"isEnabled":true}`)},
		{Method: "POST", Path: "oauth2PermissionGrants", Body: json.RawMessage(`{"scope":" a  b","clientId":"c"}`)},
		{Method: "DELETE", Path: "oauth2PermissionGrants/abc-_9"},
	} {
		response, err := writer.Write(t.Context(), request)
		if err != nil || response.Status != http.StatusNoContent || response.RequestID != "r-1" {
			t.Errorf("Write(%s %s) = %+v, %v", request.Method, request.Path, response, err)
		}
		sent := f.calls[len(f.calls)-1]
		if sent.method != request.Method || sent.uri != "/v1.0/"+request.Path || sent.body != string(request.Body) {
			t.Errorf("%s %s %s was sent for %s %s %s", sent.method, sent.uri, sent.body, request.Method, request.Path, request.Body)
		}
		if len(request.Body) > 0 && sent.header.Get("Content-Type") != "application/json" {
			t.Errorf("the content type of %s is %q", request.Path, sent.header.Get("Content-Type"))
		}
	}
	if len(f.record) != 4 || f.record[0].Method != http.MethodPatch {
		t.Errorf("the record of what was sent is %+v", f.record)
	}
}

// TestWriterSendsNothingElse tries what stands on no list of the actions.
func TestWriterSendsNothingElse(t *testing.T) {
	f := newFake(t)
	f.api = says(http.StatusNoContent, "")
	writer := connectWriter(t, f)
	for _, request := range [][2]string{
		{"DELETE", "users/abc"},
		{"DELETE", "oauth2PermissionGrants"},
		{"DELETE", "oauth2PermissionGrants/../users/abc"},
		{"DELETE", "oauth2PermissionGrants/%2e%2e"},
		{"DELETE", "oauth2PermissionGrants/a%2fb"},
		{"DELETE", "oauth2PermissionGrants/abc?x=1"},
		{"DELETE", "oauth2PermissionGrants/abc#x"},
		{"PATCH", "policies/authorizationPolicy?$select=id"},
		{"PATCH", "beta/policies/authorizationPolicy"},
		{"PATCH", "policies/authorizationpolicy"},
		{"POST", "policies/authorizationPolicy"},
		{"POST", "security/microsoft.graph.security.runHuntingQuery"},
		{"GET", "users"},
		{"MERGE", "policies/authorizationPolicy"},
	} {
		_, err := writer.Write(t.Context(), remediation.Request{Method: request[0], Path: request[1], Body: json.RawMessage(`{}`)})
		var refusal *remediation.RefusalError
		if !errors.As(err, &refusal) || refusal.Unclear || refusal.Status != 0 {
			t.Errorf("Write(%s %s) = %#v, want a refusal that is clear", request[0], request[1], err)
		}
		if request[0] == "GET" || request[0] == "MERGE" || strings.Contains(request[1], "#") {
			continue // what leaves has no fragment and is no other method
		}
		if err := graph.SendUnchecked(t.Context(), writer, request[0], request[1]); err == nil || !strings.Contains(err.Error(), "may write") {
			t.Errorf("the guard lets %s %s through: %v", request[0], request[1], err)
		}
	}
	for path, body := range map[string]string{
		"users/abc": `{"preferredDataLocation":"EUR","accountEnabled":false}`, "groups/abc": `{}`, "policies/authorizationPolicy": ``,
	} {
		_, err := writer.Write(t.Context(), remediation.Request{Method: http.MethodPatch, Path: path, Body: json.RawMessage(body)})
		if err == nil || !strings.Contains(err.Error(), "no action of remediation sends this") {
			t.Errorf("Write(PATCH %s %s) = %v", path, body, err)
		}
	}
	if len(f.calls) != 0 {
		t.Errorf("%d requests were sent, the first %s %s", len(f.calls), f.calls[0].method, f.calls[0].uri)
	}
}

// TestTheScannerCantWrite holds the way of a scan to its type and to the last thing before
// the wire: neither lets a write through, of the actions' list or not.
func TestTheScannerCantWrite(t *testing.T) {
	for _, kind := range []reflect.Type{reflect.TypeFor[collectors.Source](), reflect.TypeFor[*graph.Client]()} {
		var methods []string
		for i := range kind.NumMethod() {
			methods = append(methods, kind.Method(i).Name)
		}
		known := []string{"Close", "Get", "Granted", "Hunt", "List", "Reader"}
		for _, method := range methods {
			if !slices.Contains(known, method) {
				t.Errorf("%s has the method %s; a scan reads only", kind, method)
			}
		}
	}
	f := newFake(t)
	f.api = says(http.StatusNoContent, "")
	client := f.connect(t)
	for _, action := range remediation.Actions() {
		for _, pattern := range action.Writes {
			path := strings.ReplaceAll(pattern.Path, "*", "abc")
			if err := graph.SendAsClient(t.Context(), client, pattern.Method, path); err == nil || !strings.Contains(err.Error(), "may write") {
				t.Errorf("a scan's client sends %s %s: %v", pattern.Method, path, err)
			}
		}
	}
	if len(f.calls) != 0 {
		t.Errorf("%d requests were sent", len(f.calls))
	}
}

// TestWriterObeysTheService sends a write again where the service says that it did nothing,
// and only then.
func TestWriterObeysTheService(t *testing.T) {
	request := remediation.Request{Method: "PATCH", Path: "policies/authorizationPolicy", Body: json.RawMessage(`{"defaultUserRolePermissions":{}}`)}
	done, no := says(http.StatusNoContent, ""), odata("Code", "no")
	tests := []struct {
		name     string
		handlers []http.HandlerFunc
		calls    int
		want     *remediation.RefusalError
	}{
		{"429", []http.HandlerFunc{says(429, no, "Retry-After", "7"), done}, 2, nil},
		{"429 for longer than is waited", []http.HandlerFunc{says(429, no, "Retry-After", "3600"), done}, 1, &remediation.RefusalError{Status: 429, Code: "Code", Message: "no", RequestID: "inner-id"}},
		{"401, once", []http.HandlerFunc{says(401, no), done}, 2, nil},
		{"403", []http.HandlerFunc{says(403, no), done}, 1, &remediation.RefusalError{Status: 403, Code: "Code", Message: "no", RequestID: "inner-id"}},
		{"408", []http.HandlerFunc{says(408, no), done}, 1, &remediation.RefusalError{Status: 408, Code: "Code", Message: "no", RequestID: "inner-id", Unclear: true}},
		{"423", []http.HandlerFunc{says(423, no), done}, 1, &remediation.RefusalError{Status: 423, Code: "Code", Message: "no", RequestID: "inner-id"}},
		{"412", []http.HandlerFunc{says(412, no), done}, 1, &remediation.RefusalError{Status: 412, Code: "Code", Message: "no", RequestID: "inner-id"}},
		{"503", []http.HandlerFunc{says(503, no, "Retry-After", "1"), done}, 1, &remediation.RefusalError{Status: 503, Code: "Code", Message: "no", RequestID: "inner-id", Unclear: true}},
		{"504", []http.HandlerFunc{says(504, no), done}, 1, &remediation.RefusalError{Status: 504, Code: "Code", Message: "no", RequestID: "inner-id", Unclear: true}},
		{"an answer that breaks off", []http.HandlerFunc{hangUp, done}, 1, &remediation.RefusalError{Unclear: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.answers(tt.handlers...)
			writer := connectWriter(t, f)
			_, err := writer.Write(t.Context(), request)
			var refusal *remediation.RefusalError
			errors.As(err, &refusal)
			if refusal != nil && tt.want != nil && tt.want.Message == "" {
				refusal.Message = ""
			}
			if diff := cmp.Diff(tt.want, refusal); diff != "" || (err == nil) != (tt.want == nil) {
				t.Errorf("Write() = %v (-want +got):\n%s", err, diff)
			}
			if len(f.calls) != tt.calls {
				t.Errorf("it was sent %d times, want %d", len(f.calls), tt.calls)
			}
			for _, call := range f.calls {
				if call.body != string(request.Body) {
					t.Errorf("the body %q was sent", call.body)
				}
			}
			if tt.name == "429" && !slices.Equal(f.sleeps, []time.Duration{7 * time.Second}) {
				t.Errorf("it waited %v, want what Retry-After says", f.sleeps)
			}
		})
	}
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

func TestWriterReads(t *testing.T) {
	f := newFake(t)
	f.api = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1.0/servicePrincipals/abc":
			_, _ = io.WriteString(w, `{"id":"abc"}`)
		case r.URL.Query().Get("$skiptoken") != "":
			_, _ = io.WriteString(w, `{"value":[{"id":"3"}]}`)
		case r.URL.Path == "/v1.0/oauth2PermissionGrants":
			_, _ = io.WriteString(w, `{"value":[{"id":"1"},{"id":"2"}],"@odata.nextLink":"https://`+r.Host+`/v1.0/oauth2PermissionGrants?$skiptoken=x"}`)
		default:
			says(404, odata("Request_ResourceNotFound", "no"))(w, r)
		}
	}
	writer := connectWriter(t, f)
	if got, err := writer.Get(t.Context(), "servicePrincipals/abc?$select=id"); err != nil || string(got) != `{"id":"abc"}` {
		t.Errorf("Get() = %s, %v", got, err)
	}
	var refusal *remediation.RefusalError
	if _, err := writer.Get(t.Context(), "servicePrincipals/gone"); !errors.As(err, &refusal) || refusal.Status != 404 {
		t.Errorf("Get() of what is gone = %v", err)
	}
	all := func(path string) (objects []string, err error) {
		for object, listed := range writer.List(t.Context(), path) {
			if listed != nil {
				return objects, listed
			}
			objects = append(objects, string(object))
		}
		return objects, nil
	}
	if got, err := all("oauth2PermissionGrants?$filter=clientId eq 'abc'"); err != nil || len(got) != 3 {
		t.Errorf("List() = %v, %v", got, err)
	}
	if _, err := all("servicePrincipals/gone/appRoleAssignedTo"); !errors.As(err, &refusal) || refusal.Status != 404 {
		t.Errorf("List() of what is gone = %v", err)
	}
	for range writer.List(t.Context(), "oauth2PermissionGrants") {
		break
	}
}

func TestWriterOfAnotherTenant(t *testing.T) {
	f := newFake(t)
	f.claims["tid"] = "another"
	_, err := graph.ConnectWriter(t.Context(), f.options(t))
	var auth *collectors.AuthError
	if !errors.As(err, &auth) {
		t.Errorf("ConnectWriter() with a token of another tenant = %v", err)
	}
}

// TestWriterFollowsNoRedirect takes a redirect for a refusal: what is fetched instead says nothing
// of the change.
func TestWriterFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := newFake(t)
		f.api = func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v1.0/policies/") {
				http.Redirect(w, r, "/v1.0/organization", status)
				return
			}
			_, _ = io.WriteString(w, `{}`)
		}
		writer := connectWriter(t, f)
		_, err := writer.Write(t.Context(), remediation.Request{Method: "PATCH", Path: "policies/authorizationPolicy", Body: json.RawMessage(`{"defaultUserRolePermissions":{}}`)})
		var refusal *remediation.RefusalError
		if !errors.As(err, &refusal) || refusal.Status != status || refusal.Unclear || len(f.calls) != 1 {
			t.Errorf("Write() that is redirected by %d = %v, after %d requests", status, err, len(f.calls))
		}
	}
}
