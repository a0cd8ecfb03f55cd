package simulator

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// call is one request and the reply that is being made for it.
type call struct {
	server *Server
	r      *http.Request
	// path is the canonical path.
	path string
	// id is the request-id of the answer.
	id  string
	out *reply
	// dir is the tenant's data as they are when the call comes.
	dir *directory
	// page is the page of a collection that was asked for, from 1.
	page int
}

// reply is an answer before it is sent: alone, or as a step of a batch.
type reply struct {
	status int
	header http.Header
	body   []byte
	// cut says that the connection ends instead of the answer.
	cut bool
}

func newReply() *reply {
	return &reply{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}}
}

// smallest is the size of a body in bytes from which compressing it pays.
const smallest = 512

// send writes the reply, compressed where the client accepts it by a writer of the pool.
func (o *reply) send(w http.ResponseWriter, r *http.Request, writers *sync.Pool) error {
	for name, values := range o.header {
		w.Header()[name] = values
	}
	if len(o.body) < smallest || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Length", strconv.Itoa(len(o.body)))
		w.WriteHeader(o.status)
		if len(o.body) == 0 {
			return nil // an answer without content may not even be written to
		}
		_, err := w.Write(o.body)
		return err
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Vary", "Accept-Encoding")
	w.WriteHeader(o.status)
	zw, ok := writers.Get().(*gzip.Writer)
	if !ok {
		return errors.New("the pool of writers holds something else")
	}
	defer writers.Put(zw)
	zw.Reset(w)
	if _, err := zw.Write(o.body); err != nil {
		return err
	}
	return zw.Close()
}

// newZipper makes a writer that prefers speed to size.
func newZipper() any {
	zw, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a valid constant
	}
	return zw
}

// json sets the body to a document.
func (o *reply) json(status int, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"InternalServerError"}}`)
	}
	o.status, o.body = status, body
}

// graphError answers in the shape of Graph's errors, with innerError.
func (c *call) graphError(status int, code, message string) {
	inner := map[string]any{
		"date": c.server.now.Format("2006-01-02T15:04:05"), "request-id": c.id,
		"client-request-id": first(c.r.Header.Get("client-request-id"), c.id),
	}
	c.out.json(status, map[string]any{"error": map[string]any{
		"code": code, "message": message, "innerError": inner,
	}})
}

// defenderError answers in the shape of the errors of Defender's own APIs.
func (c *call) defenderError(status int, code, message string) {
	c.out.json(status, map[string]any{"error": map[string]any{"code": code, "message": message, "target": c.id}})
}

// azureError answers in the shape of Azure Resource Manager's errors.
func (c *call) azureError(status int, code, message string) {
	c.out.json(status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

// refusal is why a service refuses a request, in the service's own words.
type refusal string

// Error returns the words.
func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error {
	return refusal(fmt.Sprintf(format, args...))
}

// largestBody bounds the request bodies that are read.
const largestBody = 1 << 20

// body reads the request's body, decompressed where it was compressed.
func (c *call) body() ([]byte, error) {
	var in io.Reader = http.MaxBytesReader(nil, c.r.Body, largestBody)
	if c.r.Header.Get("Content-Encoding") == "gzip" {
		zr, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = io.LimitReader(zr, largestBody)
	}
	return io.ReadAll(in)
}

// first returns the first string that isn't empty.
func first(candidates ...string) string {
	for _, s := range candidates {
		if s != "" {
			return s
		}
	}
	return ""
}

// stamp formats a time as Microsoft's services do.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
