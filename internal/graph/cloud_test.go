package graph_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/graph"
)

func TestClouds(t *testing.T) {
	type row struct{ Name, Login, Graph, XDR, MDE, ARM string }
	var got []row
	for _, cloud := range graph.Clouds() {
		got = append(got, row{
			cloud.Name, cloud.Login, cloud.Endpoint(collectors.Graph).URL, cloud.Endpoint(collectors.XDR).URL,
			cloud.Endpoint(collectors.MDE).URL, cloud.Endpoint(collectors.ARM).URL,
		})
		if cloud.Like != cloud.Name {
			t.Errorf("%s is like %s", cloud.Name, cloud.Like)
		}
		if want := cloud.Graph.URL + "/.default"; cloud.Graph.Scope != want {
			t.Errorf("%s has the scope %s, want %s", cloud.Name, cloud.Graph.Scope, want)
		}
		if found, err := graph.CloudByName(cloud.Name); err != nil || found != cloud {
			t.Errorf("CloudByName(%s) = %v, %v", cloud.Name, found, err)
		}
	}
	want := []row{
		{"global", "https://login.microsoftonline.com", "https://graph.microsoft.com", "https://api.security.microsoft.com", "https://api.security.microsoft.com", "https://management.azure.com"},
		{"gcc", "https://login.microsoftonline.com", "https://graph.microsoft.com", "https://api-gcc.security.microsoft.us", "https://api-gcc.securitycenter.microsoft.us", "https://management.azure.com"},
		{"gcchigh", "https://login.microsoftonline.us", "https://graph.microsoft.us", "https://api-gov.security.microsoft.us", "https://api-gov.securitycenter.microsoft.us", "https://management.usgovcloudapi.net"},
		{"dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "https://api-gov.security.microsoft.us", "https://api-gov.securitycenter.microsoft.us", "https://management.usgovcloudapi.net"},
		{"china", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "", "", "https://management.chinacloudapi.cn"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Clouds() differs (-want +got):\n%s", diff)
	}
	if _, err := graph.CloudByName("germany"); err == nil || !strings.Contains(err.Error(), "global, gcc, gcchigh, dod, china") {
		t.Errorf("CloudByName(germany) = %v, want an error that lists the names", err)
	}
}

func TestCustom(t *testing.T) {
	got, err := graph.Custom("gcchigh", graph.Endpoints{
		Login: "https://127.0.0.1:8443/", Graph: "https://127.0.0.1:8443", XDR: "https://127.0.0.1:8443/xdr/",
	})
	want := graph.Cloud{
		Name: "custom", Like: "gcchigh", Login: "https://127.0.0.1:8443",
		Graph: graph.Endpoint{URL: "https://127.0.0.1:8443", Scope: "https://127.0.0.1:8443/.default"},
		XDR:   graph.Endpoint{URL: "https://127.0.0.1:8443/xdr", Scope: "https://127.0.0.1:8443/xdr/.default"},
	}
	if err != nil || got != want {
		t.Errorf("Custom() = %+v, %v, want %+v", got, err, want)
	}
}

func TestCustomRefuses(t *testing.T) {
	tests := []struct {
		name, like string
		endpoints  graph.Endpoints
		want       string
	}{
		{"like", "mars", graph.Endpoints{}, `like: cloud "mars" is unknown`},
		{"login", "global", graph.Endpoints{Graph: "https://h"}, "login: the URL is missing"},
		{"login's path", "global", graph.Endpoints{Login: "https://h/x", Graph: "https://h"}, "login: https://h/x has a path"},
		{"graph", "global", graph.Endpoints{Login: "https://h"}, "graph: the URL is missing"},
		{"scheme", "global", graph.Endpoints{Login: "https://h", Graph: "http://h"}, `graph: "http://h" is no https URL`},
		{"host", "global", graph.Endpoints{Login: "https://h", Graph: "https://h", ARM: "https:///x"}, "arm: \"https:///x\" is no https URL"},
		{"query", "global", graph.Endpoints{Login: "https://h", Graph: "https://h", MDE: "https://h?x"}, "mde: \"https://h?x\" has a query"},
		{"user", "global", graph.Endpoints{Login: "https://h", Graph: "https://h", XDR: "https://u:hidden@h"}, "xdr: the URL of host h has a user name in it"},
		{"unreadable", "global", graph.Endpoints{Login: "https://h", Graph: "https://u:hidden@%zz"}, "graph: the URL can't be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := graph.Custom(tt.like, tt.endpoints)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("Custom() = %v, want an error that says %q", err, tt.want)
			}
		})
	}
}

func TestClean(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"  a \r\n\t b\x00\x7f ", "a b"},
		{"abcdefgh", "abcde…"},
		{"abcde", "abcde"},
		{"\xffä\u2028ö", "\ufffdä ö"},
	}
	for _, tt := range tests {
		if got := graph.Clean(tt.in, 5); got != tt.want {
			t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
