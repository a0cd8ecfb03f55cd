package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/limits"
	"github.com/domicile-audit/domicile/remediation"
)

// ParsePage is parsePage, for its fuzz test and its benchmark.
func ParsePage(body []byte, link string, objects []json.RawMessage) (items []json.RawMessage, count int, next string, err error) {
	p, err := parsePage(body, link, objects)
	return p.objects, p.count, p.next, err
}

// Compact says whether the objects of a page have no white space between their tokens.
func Compact(body []byte) bool {
	p, err := parsePage(body, "@odata.nextLink", nil)
	return err == nil && p.compact
}

// ValidJSON is validJSON.
func ValidJSON(body []byte) error { return validJSON(body) }

// AppID is the application that an access token names.
func AppID(token string) (string, error) {
	c, err := decodeClaims(token)
	return c.appID(), err
}

// UnderWay sends rounds of as many requests of a path as may be under way at a time, each
// answered with the round's status, and returns how many those were.
func UnderWay(path string, statuses ...int) []int {
	now := time.Time{}
	b := newBudget(&Options{Now: func() time.Time { return now }})
	workload, units := limits.Of("graph", path)
	var sizes []int
	for _, status := range statuses {
		now = now.Add(time.Hour) // no limit of the rate is in the way
		var tickets []*ticket
		for p := b.pace(workload); p.under < int(p.allowed); {
			taken, err := b.take(context.Background(), nil, workload, units)
			if err != nil {
				panic(err) // nothing is waited for
			}
			tickets = append(tickets, taken)
		}
		for _, taken := range tickets {
			taken.give(reply{status: status}, 0)
		}
		sizes = append(sizes, len(tickets))
	}
	return sizes
}

// NewGuard returns the guard of an origin, where one path may be posted to.
func NewGuard(origin, posts string, next http.RoundTripper) http.RoundTripper {
	return &guard{origin: origin, posts: posts, next: next}
}

// Clean is clean.
func Clean(text string, runes int) string { return clean(text, runes) }

// SendAsClient has a client send a request that writes, past its own methods.
func SendAsClient(ctx context.Context, c *Client, method, path string) error {
	return SendUnchecked(ctx, &Writer{client: c, graph: c.sessions[collectors.Graph]}, method, path)
}

// SendUnchecked has a writer send a request without looking at the list before.
func SendUnchecked(ctx context.Context, w *Writer, method, path string) error {
	_, err := w.send(ctx, remediation.Request{Method: method, Path: path})
	return err
}
