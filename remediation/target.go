package remediation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
)

// Target is the tenant that a plan is applied to, as internal/graph reaches it. Every failure
// is a *RefusalError, save a failed sign-in and the context's own error, which end the run.
type Target interface {
	// Tenant is the id of the tenant that signed the application in, App the application's.
	Tenant() string
	App() string
	// Get reads one object; the path is relative to Microsoft Graph v1.0.
	Get(ctx context.Context, path string) (json.RawMessage, error)
	// List reads the objects of a collection, page by page. After an error it yields nothing
	// more.
	List(ctx context.Context, path string) iter.Seq2[json.RawMessage, error]
	// Write sends a request, whose body goes out as it is.
	Write(ctx context.Context, request Request) (Response, error)
}

// Response is the answer to a write that was carried out.
type Response struct {
	Status    int
	RequestID string
}

// RefusalError is a request that was not carried out, or of which nobody can tell.
type RefusalError struct {
	// Status is the HTTP status, 0 where there was no answer. Code and Message are the service's.
	Status    int
	Code      string
	Message   string
	RequestID string
	// Unclear says that the request may have been carried out all the same.
	Unclear bool
}

// Error says what was answered.
func (r *RefusalError) Error() string {
	switch {
	case r.Status == 0:
		return r.Message
	case r.Code == "":
		return fmt.Sprintf("status %d: %s", r.Status, r.Message)
	default:
		return fmt.Sprintf("status %d, code %s: %s", r.Status, r.Code, r.Message)
	}
}

// The statuses by which a service tells that an object isn't there, or isn't as it was.
const (
	notFound           = 404
	conflict           = 409
	preconditionFailed = 412
)

// overtaken says whether a refusal tells that somebody else may have changed the object.
func (r *RefusalError) overtaken() bool {
	return r.Status == notFound || r.Status == conflict || r.Status == preconditionFailed
}

// present reads the state of an object; null where there is none. In a collection, one that is
// in all as one of the likes is taken where none has the id.
func present(ctx context.Context, target Target, read Read, likes ...json.RawMessage) (json.RawMessage, error) {
	if read.ID == "" && !read.Collection {
		state, err := target.Get(ctx, read.Path)
		if missing(err) {
			return null, nil
		}
		return state, err
	}
	again := null
	for object, err := range target.List(ctx, read.Path) {
		if missing(err) {
			return null, nil
		}
		if err != nil {
			return nil, err
		}
		var named struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(object, &named); err != nil {
			return nil, err
		}
		if read.ID != "" && named.ID == read.ID {
			return bytes.Clone(object), nil
		}
		for _, like := range likes {
			same, err := holds(object, like)
			if err != nil {
				return nil, err
			}
			if same {
				again = bytes.Clone(object)
			}
		}
	}
	return again, nil
}

// state reads the state of what a change is about.
func state(ctx context.Context, target Target, change Change) (json.RawMessage, error) {
	return present(ctx, target, change.Read, change.Before, change.After)
}

func missing(err error) bool {
	var refusal *RefusalError
	return errors.As(err, &refusal) && refusal.Status == notFound
}
