package graph_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

// pages serves the bodies by the query parameter page; $base in them is the server.
func (f *fake) pages(bodies map[string]string) {
	f.api = func(w http.ResponseWriter, r *http.Request) {
		body := strings.ReplaceAll(bodies[r.URL.Query().Get("page")], "$base", f.server.URL)
		says(http.StatusOK, body, "request-id", "r"+r.URL.Query().Get("page"))(w, r)
	}
}

func TestList(t *testing.T) {
	f := newFake(t)
	// The second page has nothing on it and leads on to the third.
	f.pages(map[string]string{
		"":  `{"@odata.count":3,"@odata.nextLink":"$base/v1.0/users?page=2&$skiptoken=a%2Fb%20c'","value":[{"id":"1","x":{"y":[1,2,{}]}}, {"id":"2"}]}`,
		"2": `{"value":[ ],"@odata.nextLink":"$base/anywhere?page=3"}`,
		"3": `{"value":[{"id":"3"}],"@odata.nextLink":null}`,
	})
	client := f.connect(t)
	got := list(t, client, graphPath("users?$count=true"))
	if got.err != nil {
		t.Fatal(got.err)
	}
	if want := []string{`{"id":"1","x":{"y":[1,2,{}]}}`, `{"id":"2"}`, `{"id":"3"}`}; !cmp.Equal(got.objects, want) {
		t.Errorf("List() = %v, want %v", got.objects, want)
	}
	if want := []int{3, -1, -1}; !cmp.Equal(got.counts, want) {
		t.Errorf("List() has the counts %v, want %v", got.counts, want)
	}
	var uris []string
	for _, call := range f.calls {
		uris = append(uris, call.uri)
		if call.header.Get("ConsistencyLevel") != "eventual" {
			t.Errorf("%s has no consistency level", call.uri)
		}
	}
	if want := []string{"/v1.0/users?$count=true", "/v1.0/users?page=2&$skiptoken=a%2Fb%20c'", "/anywhere?page=3"}; !cmp.Equal(uris, want) {
		t.Errorf("sent %v, want %v", uris, want)
	}
	if len(f.record) != 3 {
		t.Errorf("recorded %d requests, want 3", len(f.record))
	}
}

func TestListStopsWhenTold(t *testing.T) {
	f := newFake(t)
	f.pages(map[string]string{"": `{"value":[{}],"@odata.nextLink":"$base/v1.0/users?page=2"}`})
	for page, err := range f.connect(t).List(t.Context(), graphPath("users")) {
		if err != nil || len(page.Objects) != 1 || page.RequestID != "r" {
			t.Errorf("List() = %v, %v", page, err)
		}
		break
	}
	if len(f.calls) != 1 {
		t.Errorf("sent %d requests, want 1", len(f.calls))
	}
}

// TestListFrom: a list goes on from a link that an earlier page gave, and says where each
// page leads.
func TestListFrom(t *testing.T) {
	f := newFake(t)
	f.pages(map[string]string{
		"2": `{"value":[{"id":"2"}],"@odata.nextLink":"$base/v1.0/users/delta?page=3"}`,
		"3": `{"value":[{"id":"3"}],"@odata.deltaLink":"$base/v1.0/users/delta?page=4"}`,
	})
	request := graphPath("users/delta")
	request.From = f.server.URL + "/v1.0/users/delta?page=2"
	var links []string
	for page, err := range f.connect(t).List(t.Context(), request) {
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, page.Next, page.Changes)
	}
	base := f.server.URL + "/v1.0/users/delta?page="
	if want := []string{base + "3", "", "", base + "4"}; !cmp.Equal(links, want) {
		t.Errorf("links = %q, want %q", links, want)
	}
	before := len(f.calls)
	for _, link := range []string{
		"https://elsewhere.example/v1.0/users/delta?page=2", "/v1.0/users/delta?page=2",
		f.server.URL + "/v1.0/users/1/messages?page=2", f.server.URL + "/v1.0/users/delta/../1?page=2", f.server.URL + "/beta/users/delta?page=2",
	} {
		request.From = link
		var refusal *collectors.RefusalError
		if got := list(t, f.connect(t), request); !errors.As(got.err, &refusal) || refusal.Reason != evidence.Invalid {
			t.Errorf("the link %s gave %v, want invalid", link, got.err)
		}
	}
	if len(f.calls) != before {
		t.Errorf("links that lead elsewhere sent %v", f.calls[before:])
	}
	request.From = f.server.URL + "/v1.0/users/Delta()?page=2"
	if got := list(t, f.connect(t), request); got.err != nil || len(got.objects) != 2 {
		t.Errorf("the link %s gave %v, %v", request.From, got.objects, got.err)
	}
	for _, call := range f.calls {
		if call.uri == "/v1.0/users/delta" {
			t.Error("the list began at its beginning")
		}
	}
}

func TestListARM(t *testing.T) {
	f := newFake(t)
	f.pages(map[string]string{
		"":  `{"value":[{"id":"1"}],"nextLink":"$base/arm/subscriptions?page=2","@odata.nextLink":"https://elsewhere.example"}`,
		"2": `{"value":[{"id":"2"}],"nextLink":""}`,
	})
	got := list(t, f.connect(t), collectors.Request{API: collectors.ARM, Path: "subscriptions"})
	if want := []string{`{"id":"1"}`, `{"id":"2"}`}; got.err != nil || !cmp.Equal(got.objects, want) {
		t.Errorf("List() = %v, %v, want %v", got.objects, got.err, want)
	}
}

func TestListBreaks(t *testing.T) {
	first := `{"value":[{"id":"1"}],"@odata.nextLink":"$base/v1.0/users?page=2"}`
	tests := []struct {
		name      string
		pages     map[string]string
		wantPages int
		want      collectors.RefusalError
	}{
		{
			"another host",
			map[string]string{"": `{"value":[{"id":"1"}],"@odata.nextLink":"https://evil.example/v1.0/users?page=2"}`},
			1,
			collectors.RefusalError{Status: 200, RequestID: "r", Reason: evidence.Partial, Message: "after page 1: the link to the next page leads to https://evil.example instead of $base, and is not followed"},
		},
		{
			"another scheme",
			map[string]string{"": `{"value":[{"id":"1"}],"@odata.nextLink":"http://127.0.0.1/users"}`},
			1,
			collectors.RefusalError{Status: 200, RequestID: "r", Reason: evidence.Partial, Message: "after page 1: the link to the next page leads to http://127.0.0.1 instead of $base, and is not followed"},
		},
		{
			"another port",
			map[string]string{"": `{"value":[{"id":"1"}],"@odata.nextLink":"https://127.0.0.1:1/users"}`},
			1,
			collectors.RefusalError{Status: 200, RequestID: "r", Reason: evidence.Partial, Message: "after page 1: the link to the next page leads to https://127.0.0.1:1 instead of $base, and is not followed"},
		},
		{
			"no address",
			map[string]string{"": `{"value":[{"id":"1"}],"@odata.nextLink":"users?page=2"}`},
			1,
			collectors.RefusalError{Status: 200, RequestID: "r", Reason: evidence.Partial, Message: "after page 1: the link to the next page is no whole URL, and is not followed"},
		},
		{
			"unreadable",
			map[string]string{"": `{"value":[{"id":"1"}],"@odata.nextLink":"https://%zz"}`},
			1,
			collectors.RefusalError{Status: 200, RequestID: "r", Reason: evidence.Partial, Message: "after page 1: the link to the next page is no whole URL, and is not followed"},
		},
		{
			"loop",
			map[string]string{"": first, "2": `{"value":[],"@odata.nextLink":"$base/v1.0/users?page=3"}`, "3": `{"value":[],"@odata.nextLink":"$base/v1.0/users?page=2"}`},
			3,
			collectors.RefusalError{Status: 200, RequestID: "r3", Reason: evidence.Partial, Message: "after page 3: the link to the next page leads to one that was read before"},
		},
		{
			"loop to the first page",
			map[string]string{"": `{"value":[{"id":"1"}],"@odata.nextLink":"$base/v1.0/users"}`},
			1,
			collectors.RefusalError{Status: 200, RequestID: "r", Reason: evidence.Partial, Message: "after page 1: the link to the next page leads to one that was read before"},
		},
		{
			"page cap",
			map[string]string{
				"": first, "2": `{"value":[],"@odata.nextLink":"$base/v1.0/users?page=3"}`, "3": `{"value":[],"@odata.nextLink":"$base/v1.0/users?page=4"}`,
				"4": `{"value":[]}`,
			},
			3,
			collectors.RefusalError{Status: 200, RequestID: "r3", Reason: evidence.Partial, Message: "there are more than 3 pages, which is as many as are read"},
		},
		{
			"cut off",
			map[string]string{"": first, "2": `{"value":[{"id":"2"},{"id":`},
			1,
			collectors.RefusalError{Status: 200, RequestID: "r2", Reason: evidence.Invalid, Message: "the answer (27 bytes of application/json) is not what was asked for: the JSON ends too early"},
		},
		{
			"HTML",
			map[string]string{"": `<html></html>`},
			0,
			collectors.RefusalError{Status: 200, RequestID: "r", Reason: evidence.Invalid, Message: "the answer (13 bytes of application/json) is not what was asked for: the JSON is broken at byte 0"},
		},
		{
			"no value",
			map[string]string{"": `{"id":"1"}`},
			0,
			collectors.RefusalError{Status: 200, RequestID: "r", Reason: evidence.Invalid, Message: "the answer (10 bytes of application/json) is not what was asked for: it has no value"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.pages(tt.pages)
			got := list(t, f.connect(t, func(o *graph.Options) { o.PageCap = 3 }), graphPath("users"))
			var refusal *collectors.RefusalError
			if !errors.As(got.err, &refusal) {
				t.Fatalf("List() = %v, want a RefusalError", got.err)
			}
			tt.want.Message = strings.ReplaceAll(tt.want.Message, "$base", f.server.URL)
			if diff := cmp.Diff(tt.want, *refusal); diff != "" {
				t.Errorf("List() differs (-want +got):\n%s", diff)
			}
			if got.pages != tt.wantPages {
				t.Errorf("List() gave %d pages, want %d", got.pages, tt.wantPages)
			}
			for _, call := range f.calls {
				if !strings.HasPrefix(call.uri, "/v1.0/users") {
					t.Errorf("sent %s", call.uri)
				}
			}
		})
	}
}

func TestListRefusedOnALaterPage(t *testing.T) {
	f := newFake(t)
	f.answers(
		func(w http.ResponseWriter, r *http.Request) {
			says(http.StatusOK, `{"value":[{"id":"1"}],"@odata.nextLink":"`+f.server.URL+`/v1.0/users?page=2"}`)(w, r)
		},
		says(http.StatusForbidden, odata("Authorization_RequestDenied", "no")),
	)
	got := list(t, f.connect(t), graphPath("users"))
	var refusal *collectors.RefusalError
	if !errors.As(got.err, &refusal) || refusal.Status != http.StatusForbidden || len(got.objects) != 1 {
		t.Errorf("List() = %v, %v, want one object and a 403", got.objects, got.err)
	}
}

func TestListGzip(t *testing.T) {
	f := newFake(t)
	f.api = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = fmt.Fprintf(z, `{"value":[%s{"id":"last"}]}`, strings.Repeat(`{"id":"x"},`, 5000))
		_ = z.Close()
	}
	got := list(t, f.connect(t), graphPath("users"))
	if got.err != nil || len(got.objects) != 5001 || got.objects[5000] != `{"id":"last"}` {
		t.Errorf("List() = %d objects, %v, want 5001", len(got.objects), got.err)
	}
}

// TestObjectsOfAPageAreApart appends to each object of a page, which must not reach the
// next.
func TestObjectsOfAPageAreApart(t *testing.T) {
	f := newFake(t)
	f.pages(map[string]string{"": `{"value":[{"id":1},{"id":2}]}`})
	for page, err := range f.connect(t).List(t.Context(), graphPath("users")) {
		if err != nil {
			t.Fatal(err)
		}
		_ = append(page.Objects[0], "overwritten"...)
		if got := string(page.Objects[1]); got != `{"id":2}` {
			t.Errorf("the second object is %s", got)
		}
	}
}
