// The Go peer: a loop over the Lambda Runtime API, because Debian ships no aws-lambda-go.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"

	"getuser"
)

type event struct {
	Version        string            `json:"version"`
	RouteKey       string            `json:"routeKey"`
	RawPath        string            `json:"rawPath"`
	RawQueryString string            `json:"rawQueryString"`
	Headers        map[string]string `json:"headers"`
	RequestContext struct {
		AccountID    string `json:"accountId"`
		APIID        string `json:"apiId"`
		DomainName   string `json:"domainName"`
		DomainPrefix string `json:"domainPrefix"`
		RequestID    string `json:"requestId"`
		RouteKey     string `json:"routeKey"`
		Stage        string `json:"stage"`
		Time         string `json:"time"`
		TimeEpoch    int64  `json:"timeEpoch"`
		HTTP         struct {
			Method    string `json:"method"`
			Path      string `json:"path"`
			Protocol  string `json:"protocol"`
			SourceIP  string `json:"sourceIp"`
			UserAgent string `json:"userAgent"`
		} `json:"http"`
	} `json:"requestContext"`
	Body            string `json:"body"`
	IsBase64Encoded bool   `json:"isBase64Encoded"`
}

type answer struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	service, err := getuser.New(ctx)
	if err != nil {
		return err
	}
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	client := &http.Client{Timeout: 0}
	for {
		id, payload, err := next(client, base)
		if err != nil {
			return err
		}
		path, reply := id+"/response", []byte(nil)
		var request event
		if err := json.Unmarshal(payload, &request); err != nil {
			path = id + "/error"
			reply, err = json.Marshal(map[string]string{"errorType": "BadEvent", "errorMessage": err.Error()})
			if err != nil {
				return err
			}
		} else {
			response := service.Handle(ctx, request.Headers["authorization"], request.RequestContext.RequestID)
			reply, err = json.Marshal(answer{
				StatusCode: response.Status,
				Headers:    map[string]string{"content-type": response.ContentType},
				Body:       string(response.Body),
			})
			if err != nil {
				return err
			}
		}
		if err := post(client, base+path, reply); err != nil {
			return err
		}
	}
}

func next(client *http.Client, base string) (string, []byte, error) {
	response, err := client.Get(base + "next")
	if err != nil {
		return "", nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", nil, fmt.Errorf("the Runtime API answered %d", response.StatusCode)
	}
	payload, err := io.ReadAll(response.Body)
	return response.Header.Get("Lambda-Runtime-Aws-Request-Id"), payload, err
}

func post(client *http.Client, url string, body []byte) error {
	response, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
