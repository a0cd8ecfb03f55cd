package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// workflowScheme begins the address of a workflow of Teams, which is the one that Teams shows with
// teams+ before it. The library's teams:// posts to connectors, which Microsoft has retired.
const workflowScheme = "teams+https://"

// workflow is a workflow of Teams that posts the cards it is sent into a channel or a chat.
type workflow struct{ url string }

func newWorkflow(address string) (*workflow, error) {
	parsed, err := url.Parse(strings.TrimPrefix(address, "teams+"))
	if err != nil || parsed.Host == "" {
		return nil, errors.New("not the address of a workflow")
	}
	return &workflow{parsed.String()}, nil
}

// element is an element of an Adaptive Card.
type element struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	Wrap    bool   `json:"wrap"`
	Weight  string `json:"weight,omitempty"`
	Size    string `json:"size,omitempty"`
	Spacing string `json:"spacing,omitempty"`
}

// maxElements is how many elements a card has: Teams refuses messages of more than 28 KB.
const maxElements = 100

// card is a message of an Adaptive Card: a line of a digest is an element, as Teams breaks no
// lines inside of one, and a line that is an address is a link.
func card(title, text string) ([]byte, error) {
	body := []element{{Type: "TextBlock", Text: title, Wrap: true, Weight: "Bolder", Size: "Medium"}}
	spacing := ""
	for _, line := range strings.SplitN(text, "\n", maxElements-1) {
		if line == "" {
			spacing = "" // an element without a text isn't one
			continue
		}
		if strings.HasPrefix(line, "https://") && !strings.ContainsAny(line, " ()[]\n") {
			line = "[" + line + "](" + line + ")"
		}
		body = append(body, element{Type: "TextBlock", Text: line, Wrap: true, Spacing: spacing})
		spacing = "None"
	}
	return json.Marshal(map[string]any{
		"type": "message",
		"attachments": []any{map[string]any{
			"contentType": "application/vnd.microsoft.card.adaptive",
			"content": map[string]any{
				"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
				"msteams": map[string]string{"width": "Full"}, "body": body,
			},
		}},
	})
}

// Send implements sender.
func (w *workflow) Send(message string, params *types.Params) error {
	title, _ := params.Title()
	data, err := card(title, message)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.url, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{}
	Guard(client)
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body) // what it says is for nobody
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return nil
}
