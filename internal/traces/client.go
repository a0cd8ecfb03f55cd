package traces

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// patience is how long a collector has to take spans.
const patience = 10 * time.Second

// client sends spans by OTLP over HTTP. The library's own brings gRPC along, which would be a
// tenth of the program.
type client struct {
	endpoint string
	header   http.Header
	http     *http.Client
}

// newClient reads the environment as OpenTelemetry's specification says; nil where it names no
// endpoint, or says that nothing is to be sent. An error repeats no value: headers hold secrets, and endpoints may.
func newClient(getenv func(string) string) (*client, error) {
	endpoint := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if base := getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); endpoint == "" && base != "" {
		endpoint = strings.TrimSuffix(base, "/") + "/v1/traces"
	}
	if endpoint == "" || strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return nil, nil //nolint:nilnil // nothing is sent
	}
	parsed, err := url.Parse(endpoint)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return nil, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is not an address such as http://127.0.0.1:4318")
	}
	c := &client{endpoint: endpoint, header: http.Header{"Content-Type": {"application/x-protobuf"}}, http: &http.Client{
		Timeout: patience,
		// What is sent, and the headers with it, is for the endpoint alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		for pair := range strings.SplitSeq(getenv(name), ",") {
			key, value, found := strings.Cut(strings.TrimSpace(pair), "=")
			decoded, err := url.PathUnescape(strings.TrimSpace(value))
			switch {
			case key == "" && !found:
			case !found || err != nil || strings.ContainsAny(key+decoded, "\r\n"):
				return nil, fmt.Errorf("%s is not a list such as key=value,key=value", name)
			default:
				c.header.Set(strings.TrimSpace(key), decoded)
			}
		}
	}
	return c, nil
}

// Start implements otlptrace.Client.
func (c *client) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *client) Stop(context.Context) error { return nil }

// UploadTraces implements otlptrace.Client. A TracesData is an ExportTraceServiceRequest, byte
// for byte.
func (c *client) UploadTraces(ctx context.Context, spans []*otlp.ResourceSpans) error {
	data, err := proto.Marshal(&otlp.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	for wait := time.Second; ; wait *= 2 {
		again, err := c.post(ctx, data)
		if err == nil || !again || wait > 4*time.Second {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// post sends spans once. again says whether they may be taken later.
func (c *client) post(ctx context.Context, data []byte) (again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(data))
	if err != nil {
		return false, errors.New("the endpoint can't be asked")
	}
	request.Header = c.header.Clone()
	answer, err := c.http.Do(request)
	if err != nil {
		return true, errors.New("the endpoint can't be reached, or doesn't answer in time")
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		return false, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	return again, fmt.Errorf("the endpoint answered %d", answer.StatusCode)
}
