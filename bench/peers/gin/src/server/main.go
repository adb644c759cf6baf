// The Gin peer: the same job behind an HTTP server of its own, for throughput.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gin-gonic/gin"

	"getuser"
)

func main() {
	service, err := getuser.New(context.Background())
	if err == nil {
		err = router(service).Run("127.0.0.1:" + os.Getenv("PORT"))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func router(service *getuser.Service) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(gin.Recovery())
	engine.GET("/v1/users/me", func(c *gin.Context) {
		response := service.HandleCold(
			c.Request.Context(), c.GetHeader("authorization"), c.GetHeader("x-request-id"), false)
		c.Data(response.Status, response.ContentType, response.Body)
	})
	return engine
}
