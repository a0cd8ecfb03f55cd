package graph_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/graph"
)

// TestConcurrentReads reads from all APIs at a time through one client, while a token is
// refused now and then.
func TestConcurrentReads(t *testing.T) {
	f := newFake(t)
	n := 0
	f.api = func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		n++
		refused := n == 5
		f.mu.Unlock()
		if refused {
			says(http.StatusUnauthorized, "")(w, r)
			return
		}
		says(http.StatusOK, `{"value":[{"id":"1"}]}`)(w, r)
	}
	client := f.connect(t)
	var group sync.WaitGroup
	for i := range 24 {
		api := []collectors.API{collectors.Graph, collectors.XDR, collectors.MDE, collectors.ARM}[i%4]
		group.Go(func() {
			for page, err := range client.List(t.Context(), collectors.Request{API: api, Path: "things"}) {
				if err != nil || len(page.Objects) != 1 {
					t.Errorf("List(%s) = %v, %v", api, page, err)
				}
			}
			_, _ = client.Granted(t.Context(), api)
			_ = client.Reader()
		})
	}
	group.Wait()
	if len(f.record) != 24 {
		t.Errorf("recorded %d requests, want 24", len(f.record))
	}
}

// tenPages serves nine pages of 999 users and an empty tenth.
func tenPages(f *fake) {
	_, users, _ := bytes.Cut(userPage(999), []byte(`"value":`))
	f.api = func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		if page == 9 {
			_, _ = io.WriteString(w, `{"value":[]}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"@odata.nextLink":"%s/v1.0/users?page=%d","value":`, f.server.URL, page+1)
		_, _ = w.Write(users)
	}
}

// BenchmarkList reads nine pages of 999 users, server and client in one process.
// BenchmarkDrain reads the same with net/http alone and looks at nothing.
func BenchmarkList(b *testing.B) {
	f, options := benchmarkFake(b)
	tenPages(f)
	client, err := graph.Connect(context.Background(), options)
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	b.ReportAllocs()
	for b.Loop() {
		objects := 0
		for page, err := range client.List(context.Background(), graphPath("users")) {
			if err != nil {
				b.Fatal(err)
			}
			objects += len(page.Objects)
		}
		if objects != 9*999 {
			b.Fatalf("read %d objects", objects)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(9*999), "ns/object")
}

func BenchmarkDrain(b *testing.B) {
	f, _ := benchmarkFake(b)
	tenPages(f)
	client := f.server.Client()
	b.ReportAllocs()
	for b.Loop() {
		for page := range 10 {
			resp, err := client.Get(fmt.Sprintf("%s/v1.0/users?page=%d", f.server.URL, page))
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(9*999), "ns/object")
}

// benchmarkFake is a fake that speaks HTTP/2 and keeps nothing of what it sees.
func benchmarkFake(b *testing.B) (*fake, graph.Options) {
	b.Helper()
	f := newFake(b)
	server := httptest.NewUnstartedServer(f.server.Config.Handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	b.Cleanup(server.Close)
	f.server = server
	options := f.options(b)
	options.Record = nil
	return f, options
}
