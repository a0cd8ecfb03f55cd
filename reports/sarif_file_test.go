package reports_test

import (
	"testing"

	"github.com/domicile-audit/domicile/findings"
)

// sarifFile is what the checks read of a SARIF file.
type sarifFile struct {
	Version string
	Schema  string `json:"$schema"`
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name, Version string
				Rules         []sarifRule
				Notifications []struct{ ID string }
			}
		}
		Taxonomies []struct {
			Name string
			Taxa []struct{ ID string }
		}
		Invocations []struct {
			ExitCode                   int
			ExitCodeDescription        string
			ExecutionSuccessful        bool
			ToolExecutionNotifications []struct {
				Descriptor struct {
					ID    string
					Index int
				}
				Message struct{ Text string }
			}
		}
		Artifacts []struct {
			Location struct{ URI string }
			Length   *int
			Hashes   map[string]string
		}
		AutomationDetails struct{ ID string }
		LogicalLocations  []sarifPlace
		Results           []sarifResult
	}
}

type sarifRule struct {
	ID, Name             string
	ShortDescription     struct{ Text string }
	FullDescription      struct{ Text string }
	Help                 struct{ Text, Markdown string }
	HelpURI              string
	DefaultConfiguration struct{ Level string }
	Relationships        []struct {
		Target struct {
			ID            string
			Index         int
			ToolComponent struct {
				Name  string
				Index int
			}
		}
		Kinds []string
	}
	Properties struct {
		Tags             []string
		SecuritySeverity string `json:"security-severity"`
	}
}

type sarifPlace struct {
	Name, FullyQualifiedName, Kind string
	ParentIndex                    *int
	Index                          int
}

type sarifResult struct {
	RuleID, Kind, Level string
	RuleIndex           int
	Message             struct{ Text string }
	Locations           []struct {
		PhysicalLocation struct {
			ArtifactLocation struct{ URI string }
			Region           struct{ StartLine int }
		}
		LogicalLocations []sarifPlace
	}
	BaselineState       string
	PartialFingerprints map[string]string
	Suppressions        []struct{ Kind, Status, Justification string }
	Properties          map[string]any
}

func readSARIF(t *testing.T, result *findings.Result) (sarifFile, []byte) {
	t.Helper()
	data := render(t, "sarif", result)
	return decodeSARIF(t, data), data
}

func decodeSARIF(t *testing.T, data []byte) sarifFile {
	t.Helper()
	var file sarifFile
	decode(t, "sarif", data, &file)
	if file.Version != "2.1.0" || len(file.Runs) != 1 {
		t.Fatalf("version %q with %d runs, want 2.1.0 with one", file.Version, len(file.Runs))
	}
	return file
}
