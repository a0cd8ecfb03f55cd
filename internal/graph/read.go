package graph

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"

	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/security"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// huntingPath is the one path that is posted to: the query is the body, and it reads.
const huntingPath = "security/microsoft.graph.security.runHuntingQuery"

// Get reads one document.
func (c *Client) Get(ctx context.Context, r collectors.Request) (collectors.Answer, error) {
	s, err := c.session(r.API)
	if err != nil {
		return collectors.Answer{}, err
	}
	target, err := s.address(r.Path)
	if err != nil {
		return collectors.Answer{}, err
	}
	got, err := s.send(ctx, outgoing{method: http.MethodGet, target: target, build: s.get(target, eventual(r.Path))})
	if err != nil {
		return collectors.Answer{}, err
	}
	return answer(got)
}

// Hunt runs one advanced hunting query. timespan is an ISO 8601 duration; empty leaves
// it to the query.
func (c *Client) Hunt(ctx context.Context, query, timespan string) (collectors.Answer, error) {
	s, err := c.session(collectors.Graph)
	if err != nil {
		return collectors.Answer{}, err
	}
	target, err := s.address(huntingPath)
	if err != nil {
		return collectors.Answer{}, err
	}
	build := func() (*kiota.RequestInformation, error) {
		body := security.NewMicrosoftGraphSecurityRunHuntingQueryRunHuntingQueryPostRequestBody()
		body.SetQuery(&query)
		if timespan != "" {
			body.SetTimespan(&timespan)
		}
		builder := security.NewMicrosoftGraphSecurityRunHuntingQueryRequestBuilder(target.String(), s.adapter)
		info, err := builder.ToPostRequestInformation(ctx, body, nil)
		if err != nil {
			return nil, err
		}
		s.headers(info)
		return info, nil
	}
	got, err := s.send(ctx, outgoing{method: http.MethodPost, target: target, build: build})
	if err != nil {
		return collectors.Answer{}, err
	}
	return answer(got)
}

// List reads a collection page by page, from its beginning or from a link that an earlier
// answer gave. A next link is followed as it is, within the
// API's own end point; one that leads elsewhere, one that was followed before, and more
// pages than Options.PageCap end the collection as partial.
func (c *Client) List(ctx context.Context, r collectors.Request) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		s, err := c.session(r.API)
		if err != nil {
			yield(collectors.Page{}, err)
			return
		}
		target, err := s.beginning(r)
		if err != nil {
			yield(collectors.Page{}, err)
			return
		}
		seen := map[[sha256.Size]byte]bool{sha256.Sum256([]byte(target.String())): true}
		// The buffers of one page are the next one's.
		var body []byte
		var objects []json.RawMessage
		for pages := 1; ; pages++ {
			got, err := s.send(ctx, outgoing{
				method: http.MethodGet, target: target, buffer: body,
				build: s.get(target, eventual(r.Path)),
			})
			if err != nil {
				yield(collectors.Page{}, err)
				return
			}
			read, err := parsePage(got.body, nextLink(r.API), objects)
			if err != nil {
				yield(collectors.Page{}, invalid(got, err))
				return
			}
			body, objects = got.body, read.objects
			page := collectors.Page{Objects: read.objects, Compact: read.compact, Count: read.count, Next: read.next, Changes: read.changes, RequestID: got.requestID}
			if !yield(page, nil) || read.next == "" {
				return
			}
			if target, err = s.follow(read.next, seen, pages); err != nil {
				yield(collectors.Page{}, &collectors.RefusalError{Status: got.status, RequestID: got.requestID, Reason: evidence.Partial, Message: err.Error()})
				return
			}
		}
	}
}

// beginning returns the URL of the first page to read. A link was kept in a file since an
// earlier answer gave it: it is held to the end point, as one that a page gives, and to the
// path that is asked for, so that no file can name anything else to read.
func (s *session) beginning(r collectors.Request) (*url.URL, error) {
	first, err := s.address(r.Path)
	if err != nil || r.From == "" {
		return first, err
	}
	target, err := s.guard.sameOrigin(r.From)
	if err == nil && !samePath(target, first) {
		err = errors.New("the link leads to something else than is asked for")
	}
	if err != nil {
		return nil, &collectors.RefusalError{Reason: evidence.Invalid, Message: err.Error() + ", and is not followed"}
	}
	return target, nil
}

// samePath says whether two URLs name the same resource or function, which OData may write
// with its parentheses and in any case.
func samePath(a, b *url.URL) bool {
	return strings.EqualFold(strings.TrimSuffix(a.Path, "()"), strings.TrimSuffix(b.Path, "()"))
}

// follow returns the URL of the next page, or why there is none to go to.
func (s *session) follow(link string, seen map[[sha256.Size]byte]bool, pages int) (*url.URL, error) {
	next, err := s.guard.sameOrigin(link)
	if err != nil {
		return nil, fmt.Errorf("after page %d: %w, and is not followed", pages, err)
	}
	key := sha256.Sum256([]byte(next.String()))
	if seen[key] {
		return nil, fmt.Errorf("after page %d: the link to the next page leads to one that was read before", pages)
	}
	seen[key] = true
	if limit := s.client.opts.PageCap; pages >= limit {
		return nil, fmt.Errorf("there are more than %d pages, which is as many as are read", limit)
	}
	return next, nil
}

// answer is the answer of a document. Its body is JSON; only a 204 has none.
func answer(got reply) (collectors.Answer, error) {
	if got.status == http.StatusNoContent && len(got.body) == 0 {
		return collectors.Answer{Status: got.status, RequestID: got.requestID}, nil
	}
	if err := validJSON(got.body); err != nil {
		return collectors.Answer{}, invalid(got, err)
	}
	return collectors.Answer{Body: got.body, Status: got.status, RequestID: got.requestID}, nil
}

// invalid is the RefusalError of an answer with a 2xx status that isn't what was asked for.
func invalid(got reply, err error) error {
	return &collectors.RefusalError{
		Status: got.status, RequestID: got.requestID, Reason: evidence.Invalid,
		Message: fmt.Sprintf("the answer (%d bytes of %s) is not what was asked for: %v", len(got.body), contentType(got.header), err),
	}
}

func contentType(header http.Header) string {
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	if kind = clean(kind, maxCode); kind == "" {
		return "no stated type"
	}
	return kind
}

// nextLink is the name of the link to the next page. Azure Resource Manager has its own.
func nextLink(api collectors.API) string {
	if api == collectors.ARM {
		return "nextLink"
	}
	return "@odata.nextLink"
}

// eventual says whether a path asks for a count, for which Graph wants the eventual
// consistency level (Microsoft Graph, "Advanced query capabilities").
func eventual(path string) bool {
	_, query, _ := strings.Cut(path, "?")
	for part := range strings.SplitSeq(query, "&") {
		switch strings.ToLower(part) {
		case "$count=true", "%24count=true":
			return true
		}
	}
	return false
}
