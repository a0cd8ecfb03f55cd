package graph

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"

	kiota "github.com/microsoft/kiota-abstractions-go"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/remediation"
)

// Writer makes the changes of a plan in one tenant. It sends the requests that package
// remediation lists and no others, and reads with GET.
type Writer struct {
	client *Client
	graph  *session
}

var _ remediation.Target = (*Writer)(nil)

// ConnectWriter signs the remediator's own application in, as Connect does the scanner's.
func ConnectWriter(ctx context.Context, opts Options) (*Writer, error) {
	client, err := Connect(ctx, opts)
	if err != nil {
		return nil, err
	}
	w := &Writer{client: client, graph: client.sessions[collectors.Graph]}
	root, err := w.graph.address("")
	if err != nil {
		client.Close()
		return nil, err
	}
	guard := w.graph.guard
	guard.posts, guard.writes, guard.root = "", remediation.Writes, root.EscapedPath()
	return w, nil
}

// Close gives the connections back. The writer must not be used afterwards.
func (w *Writer) Close() { w.client.Close() }

// Tenant is the tenant of the token.
func (w *Writer) Tenant() string { return w.client.Reader().TenantID }

// App is the application of the token.
func (w *Writer) App() string { return w.client.Reader().AppID }

// Get reads one object of Microsoft Graph.
func (w *Writer) Get(ctx context.Context, path string) (json.RawMessage, error) {
	answer, err := w.client.Get(ctx, collectors.Request{API: collectors.Graph, Path: path})
	return answer.Body, refused(err)
}

// List reads a collection of Microsoft Graph.
func (w *Writer) List(ctx context.Context, path string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for page, err := range w.client.List(ctx, collectors.Request{API: collectors.Graph, Path: path}) {
			if err != nil {
				yield(nil, refused(err))
				return
			}
			for _, object := range page.Objects {
				if !yield(object, nil) {
					return
				}
			}
		}
	}
}

// Write sends a request of remediation's closed list; its body goes out as it is. Where the
// service throttles, it is sent again after the pause that was asked for, within MaxWait.
func (w *Writer) Write(ctx context.Context, request remediation.Request) (remediation.Response, error) {
	if !remediation.Permits(request) {
		return remediation.Response{}, &remediation.RefusalError{Message: "no action of remediation sends this " + clean(request.Method+" "+request.Path, maxMessage)}
	}
	return w.send(ctx, request)
}

// send sends a request. The guard lets it through only if it is on the list as it leaves.
func (w *Writer) send(ctx context.Context, request remediation.Request) (remediation.Response, error) {
	methods := map[string]kiota.HttpMethod{
		http.MethodPatch: kiota.PATCH, http.MethodPut: kiota.PUT, http.MethodPost: kiota.POST, http.MethodDelete: kiota.DELETE,
	}
	target, err := w.graph.address(request.Path)
	if err != nil {
		return remediation.Response{}, refused(err)
	}
	build := func() (*kiota.RequestInformation, error) {
		info := kiota.NewRequestInformation()
		info.Method = methods[request.Method]
		info.SetUri(*target)
		w.graph.headers(info)
		if len(request.Body) > 0 {
			info.SetStreamContentAndContentType(request.Body, "application/json")
		}
		return info, nil
	}
	got, err := w.graph.send(ctx, outgoing{method: request.Method, target: target, build: build, writes: true})
	if err != nil {
		return remediation.Response{}, refused(err)
	}
	return remediation.Response{Status: got.status, RequestID: got.requestID}, nil
}

// refused turns a refusal into remediation's. The request may have been carried out unless
// the service has said no, or it never left.
func refused(err error) error {
	var refusal *collectors.RefusalError
	if !errors.As(err, &refusal) {
		return err
	}
	answered := refusal.Status >= 300 && refusal.Status < 500 && refusal.Status != http.StatusRequestTimeout
	unsent := refusal.Status == 0 && refusal.Reason != evidence.Unreachable && refusal.Reason != evidence.Timeout
	return &remediation.RefusalError{
		Status: refusal.Status, Code: refusal.Code, Message: refusal.Message, RequestID: refusal.RequestID,
		Unclear: !answered && !unsent,
	}
}
