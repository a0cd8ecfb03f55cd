package main

import (
	"cmp"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestReadmeListsTheFormats holds the README's table to what --format takes.
func TestReadmeListsTheFormats(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range formats(nil) {
		row := "| " + format.Name + " | " + format.File + " | " + format.Doc + " |"
		if !strings.Contains(string(readme), row) {
			t.Errorf("the README lacks the row %s", row)
		}
	}
}

// TestReadmeListsThePermissions holds the README's table to what the rules need.
func TestReadmeListsThePermissions(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, stdout, _ := run1(t, "permissions", "--format", "json")
	var needs []need
	if err := json.Unmarshal([]byte(stdout), &needs); err != nil {
		t.Fatal(err)
	}
	for _, n := range needs {
		row := "| " + n.API + " | " + cmp.Or(n.Permission, "-") + " | " + cmp.Or(n.Delegated, "-") + " | " + strings.Join(n.Kinds, ", ") + " |"
		if !strings.Contains(string(readme), row) {
			t.Errorf("the README lacks the row %s", row)
		}
	}
}
