package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// batchLimit is the number of steps that Graph takes in one batch.
const batchLimit = 20

type batchStep struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// batch answers each step on its own: one that is throttled or refused says so in its
// own status, and the batch is still 200.
func (c *call) batch(cl claims) {
	data, err := c.body()
	var in struct {
		Requests []batchStep `json:"requests"`
	}
	if c.r.Method != http.MethodPost || err != nil || json.Unmarshal(data, &in) != nil {
		c.graphError(http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
		return
	}
	if len(in.Requests) > batchLimit {
		c.graphError(http.StatusBadRequest, "BadRequest", "Number of batch request steps exceeds the maximum value of 20.")
		return
	}
	answers := make([]batchAnswer, 0, len(in.Requests))
	for _, step := range in.Requests {
		answers = append(answers, c.step(cl, step))
	}
	c.out.json(http.StatusOK, map[string]any{"responses": answers})
}

// step runs one request of a batch with the rights of the batch.
func (c *call) step(cl claims, step batchStep) batchAnswer {
	version, _, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	at, err := url.Parse("/" + version + "/" + strings.TrimPrefix(step.URL, "/"))
	sub := &call{server: c.server, id: requestID(), out: newReply(), r: c.r, dir: c.dir}
	if err != nil || strings.HasSuffix(at.Path, "/$batch") {
		sub.graphError(http.StatusBadRequest, "BadRequest", "Invalid batch step.")
	} else {
		r := c.r.Clone(c.r.Context())
		r.Method, r.URL, r.Header = strings.ToUpper(step.Method), at, http.Header{}
		for name, value := range step.Headers {
			r.Header.Set(name, value)
		}
		r.Body = io.NopCloser(bytes.NewReader(step.Body))
		sub.r, sub.path = r, at.Path
		c.server.count(r.Method, at.Path)
		sub.graphAs(cl)
		c.out.cut = c.out.cut || sub.out.cut
	}
	headers := map[string]string{"Content-Type": "application/json", "request-id": sub.id}
	if after := sub.out.header.Get("Retry-After"); after != "" {
		headers["Retry-After"] = after
	}
	body := json.RawMessage(sub.out.body)
	if !json.Valid(body) {
		body = null
	}
	return batchAnswer{ID: step.ID, Status: sub.out.status, Headers: headers, Body: body}
}
