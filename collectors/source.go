package collectors

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/domicile-audit/domicile/evidence"
)

// API is a service that is read. Each has a host, a token audience and permissions of
// its own.
type API string

// The APIs.
const (
	// Graph is Microsoft Graph, v1.0 unless a request says otherwise.
	Graph API = "graph"
	// XDR is Defender XDR's own API (api.security.microsoft.com in the global cloud).
	XDR API = "xdr"
	// MDE is Defender for Endpoint's own API.
	MDE API = "mde"
	// ARM is Azure Resource Manager.
	ARM API = "arm"
)

// Request is one read. Path is relative to the API's root, with no leading slash, and
// carries its query: "users?$select=id&$top=999". For Graph it is relative to v1.0.
type Request struct {
	API  API
	Path string
	// From is a link that an earlier answer to Path gave, the next page's or the changes':
	// List starts there. Empty starts at the beginning.
	From string
}

// Answer is a whole body that the service sent with a 2xx status.
type Answer struct {
	Body      json.RawMessage
	Status    int
	RequestID string
}

// Page is one page of a collection: its objects as the service sent them. Objects and
// their bytes are valid until the next page is read; whoever keeps one clones it.
type Page struct {
	Objects []json.RawMessage
	// Compact says that the source has gone over the objects: each is JSON (RFC 8259) with
	// no white space between its tokens.
	Compact bool
	// Count is @odata.count, or -1 where the service gave none.
	Count int
	// Next is the link to the next page, empty on the last one. Changes is the link under
	// which the service tells later what has changed (@odata.deltaLink), on the last page
	// of a delta query alone.
	Next, Changes string
	RequestID     string
}

// Source reads one tenant. It has no method that writes: a scan is read-only by type.
// internal/graph implements it over HTTPS.
//
// Every failure is a *RefusalError, save a failed sign-in, which is an *AuthError and ends
// the collection, and the context's own error.
type Source interface {
	// Get reads one document.
	Get(ctx context.Context, r Request) (Answer, error)
	// List reads a collection page by page, following @odata.nextLink (nextLink for
	// ARM). After an error it yields nothing more; the pages before it stand.
	List(ctx context.Context, r Request) iter.Seq2[Page, error]
	// Hunt runs one advanced hunting query (Graph's runHuntingQuery, a POST that
	// reads). timespan is an ISO 8601 duration, such as P30D.
	Hunt(ctx context.Context, query, timespan string) (Answer, error)
	// Granted returns the permissions that the token for the API carries (its roles
	// or scp claim), sorted. A token that has neither gives an empty list.
	Granted(ctx context.Context, api API) ([]string, error)
}

// RefusalError is an answer other than 2xx, or none at all. Status is the HTTP status, 0
// when there was no answer; Code and Message are the service's own. Reason is set where
// the transport already knows it (throttled, unreachable, timeout, invalid,
// partial for a collection whose paging broke) and empty otherwise: then status and
// code decide.
type RefusalError struct {
	Status    int
	Code      string
	Message   string
	RequestID string
	Reason    evidence.Reason
}

// Error says what was answered, without any body.
func (r *RefusalError) Error() string {
	switch {
	case r.Status == 0:
		return fmt.Sprintf("%s: %s", r.Reason, r.Message)
	case r.Code == "":
		return fmt.Sprintf("status %d: %s", r.Status, r.Message)
	default:
		return fmt.Sprintf("status %d, code %s: %s", r.Status, r.Code, r.Message)
	}
}

// AuthError is a sign-in that failed: no token, a token of another tenant, or a login
// host that can't be reached. It ends the collection.
type AuthError struct {
	// Err says what is wrong and what to do next.
	Err error
}

// Error returns the message of Err.
func (e *AuthError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *AuthError) Unwrap() error { return e.Err }
