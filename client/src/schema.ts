// Generated from openapi.yaml by `npm run generate`.

export interface paths {
    "/v1/ping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Health check
         * @description Answered by the function `login` alone; it reads no database and calls no other service.
         */
        get: operations["ping"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Health check, for local use
         * @description The same as `/v1/ping` on the local stack. On AWS it says nothing about the functions: API Gateway responds to
         *     `/ping` and `/sping` by itself, with 200 and no JSON. Use `/v1/ping` there.
         */
        get: operations["pingRoot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchanges a code from wx.login for a session
         * @description Creates the account at the first login. A user has at most five sessions; the sixth login ends the oldest. With
         *     `"create": false` no account is created, and a deleted one stays deleted (`login_required`): clients that log in
         *     without being asked to send this. WeChat accepts a code once, so if the response was lost, call `wx.login` again
         *     instead of repeating the request.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/login/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchanges a refresh token for the next one and a new access token
         * @description Store the new refresh token and discard the old one. If the response was lost and the client retries within 10
         *     seconds, or sends two requests at once, it gets the session's current token: this holds for each of the last
         *     eight tokens, for 10 seconds after it was replaced. Using one of them later, or an older one, counts as theft:
         *     the session ends with `refresh_reused`, and the user has to log in again. A token that never was the session's
         *     is unknown (`refresh_invalid`), and using it ends nothing.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends the access token's session, or all of the user's
         * @description The refresh tokens of the ended sessions stop working at once; access tokens expire within 15 minutes. The body
         *     is optional.
         */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/me/phone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchanges a code from the phone-number button for the number, and stores it */
        post: operations["setPhone"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Returns the caller */
        get: operations["readMe"];
        /**
         * Updates the caller
         * @description An absent field keeps its value, `null` clears it. PUT and PATCH do the same.
         */
        put: operations["changeMe"];
        post?: never;
        /**
         * Deletes the caller's account
         * @description Once this has succeeded, the account's tokens, sessions and personal data are gone and its username and e-mail
         *     address are free. Objects and upload records are removed within seconds to minutes. If the person logs in again,
         *     they get a new, empty account with the same `id`.
         */
        delete: operations["deleteMe"];
        options?: never;
        head?: never;
        /**
         * Updates the caller
         * @description An absent field keeps its value, `null` clears it. PUT and PATCH do the same.
         */
        patch: operations["patchMe"];
        trace?: never;
    };
    "/v1/users/me/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns everything that is stored on the caller, page by page
         * @description First the account and its sessions, then uploads with links to them, what the project's own functions keep, reports,
         *     reviews, and what administrators have done about the caller. A page can be short, or empty, without being the last:
         *     continue until `next_cursor` is `null`. WeChat's ids are stored but not shown: `wechat_ids_stored` names them.
         *     Tokens are stored as hashes alone, which are not shown either.
         */
        get: operations["exportMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id. A malformed id is treated like an unknown one. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        /**
         * Returns a user; what is included depends on the caller
         * @description The user themselves and administrators get a `User`, everyone else a `Profile`. A former administrator loses
         *     access at once.
         */
        get: operations["readUser"];
        /**
         * Updates a user; administrators can update others
         * @description As for `/v1/users/me`. An administrator can also set `role` and `status`, except their own. Removing a role or
         *     disabling an account takes effect at once; a new role takes effect at the next refresh. Changes by an
         *     administrator are in the audit log.
         */
        put: operations["changeUser"];
        post?: never;
        /**
         * Deletes an account; administrators can delete others'
         * @description As for `/v1/users/me`. Repeating the request while the account is being deleted is not an error. Deletions by an
         *     administrator are in the audit log.
         */
        delete: operations["deleteUser"];
        options?: never;
        head?: never;
        /**
         * Updates a user; administrators can update others
         * @description As for `/v1/users/me`. An administrator can also set `role` and `status`, except their own. Removing a role or
         *     disabling an account takes effect at once; a new role takes effect at the next refresh. Changes by an
         *     administrator are in the audit log.
         */
        patch: operations["patchUser"];
        trace?: never;
    };
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists users, newest first, or finds one (administrators)
         * @description Accepts either `limit` and `cursor`, or `username`, or `email`. Usernames and e-mail addresses are compared as for
         *     uniqueness. Two users can be found if version 0.1 took for different what counts as equal now.
         */
        get: operations["listUsers"];
        put?: never;
        /**
         * Registers a user ahead of their first login (administrators)
         * @description It is in the audit log.
         */
        post: operations["createUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/profiles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the public profiles of up to 50 users
         * @description In the order of `ids`. Unknown ids are left out.
         */
        get: operations["profiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the audit log, newest first (administrators)
         * @description One entry for each change by an administrator. Entries contain ids, field names, roles and statuses, but no other
         *     values, and are kept for 400 days.
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists what waits for a moderator, oldest first (administrators)
         * @description What the content checks leave to a person, and what people report. A review of something that was deleted in the
         *     meantime is left out, so a page can have fewer than `limit` items, or none, without being the last one; continue
         *     until `next_cursor` is `null`.
         */
        get: operations["listReviews"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reviews/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The review's id. Malformed ids are 404.
                 * @example u32qrfs2zk7jm3jh3ai74mwuwvs-account-1
                 */
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decides on a review (administrators)
         * @description `approve`: the upload, nickname or text is shown to others from now on; what is shown already stays so. `reject`: the
         *     upload is `rejected` with the reason `content` and its object is removed, the nickname or text is `rejected`, and a
         *     profile loses nickname and picture. The decision is in the audit log at once and takes effect some seconds later. Repeating
         *     it is not an error; once it has been decided, the other decision is 404.
         */
        post: operations["decideReview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reports another user's profile, or one of their uploads
         * @description It waits for a moderator. A person reports the same thing once: repeating the request returns the first report. An
         *     upload is found by its id and its owner's. What does not exist, or is not `ready`, is 404, and counts for the limit
         *     of the day all the same.
         */
        post: operations["report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{id}/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id. A malformed id is treated like an unknown one. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        /**
         * Lists a user's uploads, newest first (administrators)
         * @description `status` filters each page after it was read, so a page can have fewer than `limit` items, or none, without being
         *     the last one; continue until `next_cursor` is `null`.
         */
        get: operations["listUploadsOfUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{id}/uploads/{upload}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id. A malformed id is treated like an unknown one. */
                id: components["parameters"]["UserId"];
                /** @description The upload's id. Malformed ids are 404. */
                upload: components["schemas"]["UploadId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Deletes one of a user's uploads, record and object (administrators)
         * @description As `DELETE /v1/uploads/{id}` does for the owner. It is in the audit log.
         */
        delete: operations["deleteUploadOfUser"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the caller's uploads, newest first
         * @description A page can have fewer than `limit` items, or none, without being the last one; continue until `next_cursor` is
         *     `null`. The uploads of a batch are listed in the order of the request.
         */
        get: operations["listUploads"];
        put?: never;
        /**
         * Creates an upload and a ticket to send its object to S3
         * @description The ticket is valid for 5 minutes and for this object only: key, content type and size are fixed. The upload
         *     becomes `ready` once the object has arrived and its content was verified; an avatar then becomes the profile's
         *     picture, and the previous picture and its upload are deleted.
         */
        post: operations["createUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Creates one to twenty uploads and their tickets, all or none
         * @description Enough for one `wx.chooseMedia`, whose `count` is at most 20.
         */
        post: operations["createUploads"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The upload's id. Malformed ids are 404. */
                id: components["parameters"]["UploadId"];
            };
            cookie?: never;
        };
        /** Returns one of the caller's uploads */
        get: operations["readUpload"];
        put?: never;
        post?: never;
        /**
         * Deletes one of the caller's uploads, record and object
         * @description If it is the profile's picture, the profile loses it. The upload is 404 from then on, but this request can be
         *     repeated. An object that arrives later is removed.
         */
        delete: operations["deleteUpload"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        UserId: string;
        /** @description Sorts by time of creation. */
        UploadId: string;
        /** @description Sorts by time of creation. */
        ItemId: string;
        /**
         * Format: username
         * @description 3 to 32 letters, digits, `_` or `-` of any script, letters with their marks; counted in the form in which names
         *     are compared. Unique over all users: names are compared by Unicode's toNFKC_Casefold, so `ΝΙΚΟΣ` and `νικος` are
         *     the same name. Invisible characters are rejected, except joiners where the script needs them (RFC 5892, CONTEXTJ).
         *     Some names, such as `admin`, are reserved, and so is what looks like them (UTS #39). Stored as written.
         */
        Username: string;
        /**
         * Format: idn-email
         * @description At most 254 bytes in Normalization Form C, in which it is stored, and in the form in which it is compared. Letters
         *     of every script, with their marks, are accepted. Unique over all users: compared by Unicode's toNFKC_Casefold. No
         *     mail is sent to it.
         */
        Email: string;
        /**
         * Format: nickname
         * @description At least one visible character. Control characters, line separators and marks that change the direction of text
         *     are rejected, and so are invisible characters except those within emoji and letters: joiners, variation
         *     selectors, and the tags of flags.
         */
        Nickname: string;
        /**
         * @description `user`, `admin`, or one of the roles that the deployment names in `ROLES`. The API itself knows the first two alone; own functions say what the others open.
         * @example user
         * @example admin
         */
        Role: string;
        /** @enum {string} */
        Status: "active" | "disabled";
        /** @description The `cursor` of the next page; `null` on the last one. */
        NextCursor: string | null;
        CodeRequest: {
            /** @description The code that WeChat gave the mini-program. It is valid once, for 5 minutes. */
            code: string;
        };
        LoginRequest: {
            /** @description The code that WeChat gave the mini-program. It is valid once, for 5 minutes. */
            code: string;
            /**
             * @description Whether to create the account if there is none.
             * @default true
             */
            create: boolean | null;
        };
        Session: {
            access_token: string;
            /**
             * @description Seconds until the access token expires.
             * @constant
             */
            expires_in: 900;
            /** @description Whether this was the account's first login; false after a refresh. */
            is_new: boolean;
            /**
             * @description Seconds until the refresh token expires if it is not used.
             * @constant
             */
            refresh_expires_in: 2592000;
            refresh_token: string;
            /** @constant */
            token_type: "Bearer";
            user: components["schemas"]["User"];
        };
        User: {
            avatar_url: components["schemas"]["AvatarUrl"];
            /** Format: date-time */
            created_at: string;
            email: string | null;
            id: components["schemas"]["UserId"];
            /** @description With `nickname_status`, the one that others do not see; they see the one before, if there is one. */
            nickname: string | null;
            /**
             * @description Present while the nickname has not passed the content check: it is being checked, waits for a moderator, or is
             *     rejected until another one is set. To set the visible nickname again, or `null`, ends it at once.
             * @enum {string}
             */
            nickname_status?: "checking" | "review" | "rejected";
            /** @description Complete for its owner only; an administrator sees `138******00`. */
            phone: string | null;
            role: components["schemas"]["Role"];
            status: components["schemas"]["Status"];
            /** Format: date-time */
            updated_at: string;
            username: string | null;
            /** @description Increases with every change of these fields. */
            version: number;
        };
        /** @description The public part of a user. */
        Profile: {
            avatar_url: components["schemas"]["AvatarUrl"];
            id: components["schemas"]["UserId"];
            nickname: string | null;
        };
        /**
         * Format: uri
         * @description A link to the picture, for GET, valid for 30 to 60 minutes. The link of a CDN, if there is one, does not expire.
         */
        AvatarUrl: string | null;
        OwnUserChange: {
            username?: components["schemas"]["Username"] | null;
            email?: components["schemas"]["Email"] | null;
            nickname?: components["schemas"]["Nickname"] | null;
            /** @description One of the user's own uploads with the purpose `avatar` that is `ready`. */
            avatar_upload_id?: components["schemas"]["UploadId"] | null;
        };
        UserChange: {
            username?: components["schemas"]["Username"] | null;
            email?: components["schemas"]["Email"] | null;
            nickname?: components["schemas"]["Nickname"] | null;
            /** @description One of the user's own uploads with the purpose `avatar` that is `ready`. */
            avatar_upload_id?: components["schemas"]["UploadId"] | null;
            /** @description For administrators, except their own; cannot be cleared. */
            role?: components["schemas"]["Role"];
            /** @description For administrators, except their own; cannot be cleared. */
            status?: components["schemas"]["Status"];
        };
        UploadRequest: {
            /**
             * @description One of the types that the server is configured to accept.
             * @enum {string}
             */
            content_type: "image/jpeg" | "image/png" | "image/webp" | "image/gif" | "image/heif" | "image/avif" | "image/bmp" | "video/mp4" | "video/quicktime" | "video/webm" | "audio/mpeg" | "audio/m4a" | "application/pdf";
            /**
             * @description The object's exact size in bytes. The limits are configurable; the defaults are 10 MB (10,485,760), and 2 MB
             *     (2,097,152) for an avatar.
             */
            size: number;
            /** @enum {string} */
            purpose: "avatar" | "file";
            /**
             * @description How the object will be sent: POST with `wx.uploadFile`, PUT with `wx.request`.
             * @default POST
             * @enum {string|null}
             */
            method: "POST" | "PUT" | null;
        };
        Upload: {
            content_type: string;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When the link expires; `null` for an avatar on a CDN, whose link does not.
             */
            download_expires_at: string | null;
            /**
             * Format: uri
             * @description A link to the verified version of the object, if there is one: while it is `checking` or in `review` for its
             *     owner only, and once it is `ready` for administrators, too. A signed link is for GET only; S3 responds to HEAD
             *     with 403.
             */
            download_url: string | null;
            /** @description The object's ETag at S3, without quotes, once ready. */
            etag: string | null;
            id: components["schemas"]["UploadId"];
            /** @enum {string} */
            purpose: "avatar" | "file";
            /** Format: date-time */
            ready_at: string | null;
            /**
             * @description Why the upload was rejected; `content`: its content must not be shown.
             * @enum {string|null}
             */
            reason: "content" | "empty" | "headers_not_allowed" | "size_mismatch" | "suspicious_content" | "too_large" | "type_mismatch" | null;
            /** @description In bytes; the declared size until the object is verified. */
            size: number;
            status: components["schemas"]["UploadStatus"];
        };
        /**
         * @description `pending`: its object has not arrived; listed until a day after the ticket expired. The first object that arrives
         *     decides, and all others are removed. `checking` and `review`, if the server has uploads checked: verified, but
         *     visible to its owner only until WeChat, or a moderator, has looked at it. An avatar is on the profile once it is
         *     ready. `ready`: verified and, if checked, passed. `rejected`: the object was not as declared, had headers that the
         *     ticket did not allow, or must not be shown, and was removed; create a new upload. `deleted`: someone with access to the bucket deleted
         *     the object.
         * @enum {string}
         */
        UploadStatus: "pending" | "checking" | "review" | "ready" | "rejected" | "deleted";
        AuditEntry: {
            /**
             * @description What was done. New values may be added.
             * @example create_user
             * @example change_user
             * @example delete_user
             * @example delete_upload
             * @example decide_review
             */
            action: string;
            /** @description The administrator. */
            actor: components["schemas"]["UserId"];
            after: components["schemas"]["RoleAndStatus"];
            before: components["schemas"]["RoleAndStatus"];
            /** Format: date-time */
            created_at: string;
            /**
             * @description What was decided on a review.
             * @enum {string|null}
             */
            decision: "approve" | "reject" | null;
            /** @description The fields that were set or cleared, by their names in the request. */
            fields: string[];
            /** @description Sorts by time. */
            id: string;
            /** @description The user in question. */
            target: components["schemas"]["UserId"];
            /** @description The upload of that user in question. */
            upload: components["schemas"]["UploadId"] | null;
        };
        /** @description Something that waits for a moderator's decision. */
        Review: {
            /**
             * @description Why it waits. `content_check`: WeChat has found something, or is not sure. `unsupported`: WeChat cannot check
             *     it. `overdue`: WeChat has not answered. `report`: someone has reported it.
             * @enum {string}
             */
            cause: "content_check" | "unsupported" | "overdue" | "report";
            /** Format: date-time */
            created_at: string;
            id: string;
            /**
             * @description What WeChat calls its finding: 10001 advertising, 20001 politics, 20002 pornography, 20003 abuse, 20006 crime,
             *     20008 fraud, 20012 vulgarity, 20013 copyright, 21000 other; or `risky`.
             */
            labels: string[];
            /** @description What the profile shows, if the review is about it. */
            profile: components["schemas"]["Profile"] | null;
            report_reasons: components["schemas"]["ReportReason"][];
            /** @description How many people have reported it. */
            reports: number;
            /**
             * @description What it is about.
             * @enum {string}
             */
            subject: "upload" | "nickname" | "text" | "profile";
            /** @description The nickname or text, if the review is about one. */
            text: string | null;
            /** @description The upload, if the review is about one, with a link whatever its status. */
            upload: components["schemas"]["Upload"] | null;
            /** @description Whose it is. */
            user: components["schemas"]["UserId"];
        };
        /** @enum {string} */
        ReportReason: "porn" | "abuse" | "fraud" | "spam" | "illegal" | "other";
        Report: {
            /** Format: date-time */
            created_at: string;
            reason: components["schemas"]["ReportReason"];
            upload: components["schemas"]["UploadId"] | null;
            user: components["schemas"]["UserId"];
        };
        ExportedItem: {
            /** @description What is stored. New fields may be added. */
            data: {
                [key: string]: unknown;
            };
            /**
             * @description New values may be added.
             * @example account
             * @example session
             * @example upload
             * @example upload_quota
             * @example own_item
             * @example report
             * @example report_quota
             * @example review
             * @example audit
             */
            kind: string;
            /** @description What an own function calls its item, if it is one. */
            name: string | null;
        };
        /**
         * @description The account's role and status; `null` before `create_user`, after `delete_user`, and for actions on an upload
         *     or a review.
         */
        RoleAndStatus: {
            role: string;
            status: string;
        } | null;
        IssuedUpload: {
            /** @description `null` only if the request was repeated and the upload is no longer pending. */
            ticket: components["schemas"]["PostTicket"] | components["schemas"]["PutTicket"] | null;
            upload: components["schemas"]["Upload"];
        };
        /**
         * @description Send `multipart/form-data` to `url`: all of `fields` unchanged, then the file as `file_field`, last. S3 responds
         *     with 201 and XML.
         */
        PostTicket: {
            /** Format: date-time */
            expires_at: string;
            fields: {
                [key: string]: string;
            };
            /** @constant */
            file_field: "file";
            /** @description The declared size */
            max_bytes: number;
            /** @constant */
            method: "POST";
            /** Format: uri */
            url: string;
        };
        /**
         * @description Send the bytes to `url` with `headers` unchanged. S3 responds with 200. The length is signed too: S3 rejects any
         *     other number of bytes.
         */
        PutTicket: {
            /** Format: date-time */
            expires_at: string;
            headers: {
                [key: string]: string;
            };
            /** @constant */
            method: "PUT";
            /** Format: uri */
            url: string;
        };
        /**
         * @description Stable. New codes may be added.
         * @enum {string}
         */
        ErrorCode: "invalid_json" | "invalid_request" | "invalid_cursor" | "wechat_phone_code_invalid" | "unauthorized" | "login_required" | "wechat_code_invalid" | "wechat_code_used" | "refresh_invalid" | "refresh_reused" | "forbidden" | "wechat_user_blocked" | "account_disabled" | "not_found" | "method_not_allowed" | "username_taken" | "email_taken" | "user_exists" | "account_deleting" | "version_mismatch" | "body_too_large" | "unsupported_media_type" | "idempotency_mismatch" | "rate_limited" | "wechat_rate_limited" | "upload_quota" | "internal" | "wechat_config" | "wechat_not_enabled" | "wechat_error" | "wechat_unavailable" | "temporarily_unavailable";
        /** @description An error reported by a function (RFC 9457). */
        Problem: {
            code: components["schemas"]["ErrorCode"];
            /** @description For humans; may change. */
            detail: string;
            /** @description Everything that is wrong with the request; with `invalid_request` only, and not always. */
            errors?: {
                /**
                 * @example required
                 * @example unknown_field
                 * @example invalid_type
                 * @example invalid_value
                 * @example not_allowed
                 */
                code: string;
                /** @description The field's path (`items[1].size`), or the parameter's or header's name. */
                field: string;
                message: string;
            }[];
            request_id: string;
            status: number;
            title: string;
            /** @constant */
            type: "about:blank";
        };
        /** @description An error reported by the gateway, before or instead of a function. */
        GatewayMessage: {
            /**
             * @example Not Found
             * @example Too Many Requests
             * @example Request Entity Too Large
             * @example Internal Server Error
             * @example Service Unavailable
             */
            message: string;
        };
    };
    responses: {
        /** @description The session. */
        Session: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Session"];
            };
        };
        /** @description The caller. */
        OwnUser: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                ETag: components["headers"]["ETag"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["User"];
            };
        };
        /** @description Success, without a body. */
        Done: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description The client's copy is current; no body. */
        NotModified: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                ETag: components["headers"]["ETag"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /**
         * @description The body is not JSON (`invalid_json`), or a field or header is missing, unknown or invalid (`invalid_request`;
         *     `errors` lists all of them).
         */
        InvalidBody: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code?: "invalid_json" | "invalid_request";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description The header `If-Match` is neither a list of entity tags nor `*`, or a query parameter is unknown. */
        InvalidHeader: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "invalid_request";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description A query parameter is missing, unknown or invalid. */
        InvalidQuery: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "invalid_request";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description A query parameter is unknown or invalid (`invalid_request`), or the cursor is damaged or belongs to another
         *     caller, list or filter (`invalid_cursor`).
         */
        InvalidPage: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code?: "invalid_request" | "invalid_cursor";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description The access token is missing, malformed, expired or forged, or its account was deleted. The response is the same for all. */
        Unauthorized: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "unauthorized",
                 *       "detail": "A valid access token is required",
                 *       "request_id": "7b0a7c05-6a2e-4a44-bb9a-8a4d3a1d8f6c",
                 *       "status": 401,
                 *       "title": "A valid access token is required",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "unauthorized";
                };
            };
        };
        /** @description An administrator has disabled the account. */
        Disabled: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "account_disabled";
                };
            };
        };
        /**
         * @description The caller is neither an administrator nor the user in question (`forbidden`, whether or not that user exists),
         *     or the caller's account is disabled (`account_disabled`).
         */
        ForbiddenOrDisabled: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "forbidden",
                 *       "detail": "Not allowed",
                 *       "request_id": "75b195ff-02bd-46ea-bef5-541847e1b128",
                 *       "status": 403,
                 *       "title": "Not allowed",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code?: "forbidden" | "account_disabled";
                };
            };
        };
        /** @description It does not exist, or the caller may not know whether it does. */
        NotFound: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "not_found";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description `/v1/uploads/batch` supports POST only. To an unsupported method of any other path the gateway responds by
         *     itself, with 404 and `{"message":"Not Found"}`.
         */
        MethodNotAllowed: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "method_not_allowed",
                 *       "detail": "Method not allowed",
                 *       "request_id": "57920d85-6ea1-4dc6-ae82-3548ff8e278f",
                 *       "status": 405,
                 *       "title": "Method not allowed",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "method_not_allowed";
                };
            };
        };
        /** @description `If-Match` has no tag of the current version. Nothing was changed. */
        VersionMismatch: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "version_mismatch";
                };
            };
        };
        /** @description The body is larger than 64 KB. Above 10 MB the gateway responds by itself. */
        BodyTooLarge: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "body_too_large";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description The body is not declared as `application/json` in UTF-8, or it is compressed. */
        UnsupportedMediaType: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "unsupported_media_type",
                 *       "detail": "the content type must be application/json, in UTF-8",
                 *       "request_id": "6cd162c8-2da1-4c62-8e38-11b0dfa70558",
                 *       "status": 415,
                 *       "title": "The body must be application/json",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "unsupported_media_type";
                };
            };
        };
        /** @description The idempotency key was used with a different body. */
        IdempotencyMismatch: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "idempotency_mismatch";
                };
            };
        };
        /**
         * @description The user has too many pending uploads (40 by default), too many were created today in UTC (200), or the user's
         *     files take up all of the space (1 GB). The last has no `Retry-After`: files have to be deleted first. Or the user
         *     has too many of these requests under way at once (`rate_limited`).
         */
        UploadQuota: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code?: "upload_quota" | "rate_limited";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description The user has made 20 reports today in UTC, or too many at once. */
        TooManyReports: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "rate_limited";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /**
         * @description Too many requests at once that change the same account or upload: the others were faster for some seconds. One
         *     request at a time is never refused so. Or, with a `message` alone, too many requests of all clients together.
         */
        Contended: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "rate_limited";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description Too many requests of all clients together; the response of the gateway. */
        Throttled: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "message": "Too Many Requests"
                 *     }
                 */
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description The function failed to respond; the response of the gateway. */
        GatewayError: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "message": "Internal Server Error"
                 *     }
                 */
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description The function is busy or took too long; the response of the gateway. */
        GatewayUnavailable: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "message": "Service Unavailable"
                 *     }
                 */
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description An error in the server. */
        Internal: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "internal";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description An error in the server, or WeChat rejects the server's app id, secret or IP address (`wechat_config`). */
        InternalOrWechatConfig: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code?: "internal" | "wechat_config";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description WeChat has not granted the mini-program permission for this call, or has revoked it. */
        WechatNotEnabled: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "wechat_not_enabled";
                };
            };
        };
        /** @description WeChat's response was unexpected. */
        WechatError: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "wechat_error";
                };
            };
        };
        /**
         * @description WeChat (`wechat_unavailable`: get a new code and retry) or another service that the server depends on
         *     (`temporarily_unavailable`) is unreachable or busy.
         */
        WechatUnavailable: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code?: "wechat_unavailable" | "temporarily_unavailable";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
        /** @description A service that the server depends on is unreachable or busy, or the request took too long. */
        Unavailable: {
            headers: {
                "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    code?: "temporarily_unavailable";
                };
                "application/json": components["schemas"]["GatewayMessage"];
            };
        };
    };
    parameters: {
        /** @description The user's id. A malformed id is treated like an unknown one. */
        UserId: components["schemas"]["UserId"];
        /** @description The upload's id. Malformed ids are 404. */
        UploadId: components["schemas"]["UploadId"];
        /** @description The id of an item of a function of one's own. Malformed ids are 404. */
        ItemId: components["schemas"]["ItemId"];
        /** @description The maximum number of items in the page. */
        Limit: number;
        /**
         * @description The `next_cursor` of the previous page: an opaque string, valid for the same caller, list and filter only. An
         *     empty cursor requests the first page.
         */
        Cursor: string;
        /**
         * @description `*`, or up to 100 strong entity tags from the `ETag` of earlier responses, separated by commas. If the user has
         *     changed since, or no tag is strong and belongs to this user as seen by the caller (rather than to another user, or
         *     to the public profile), nothing is changed and the response is 412. Without the header the write is unconditional.
         * @example "2-6418efd4a5a30aeb-c421299893b578a1"
         */
        IfMatch: string;
        /**
         * @description `*`, or up to 100 strong entity tags from the `ETag` of earlier responses, separated by commas. If none is the
         *     item's current one, nothing is changed and the response is 412. Without the header the write is unconditional.
         * @example "2-6418efd4a5a30aeb"
         */
        ItemIfMatch: string;
        /**
         * @description `*`, or entity tags, weak or strong, separated by commas. If one is current, the response is 304 without a body. A
         *     malformed header is ignored.
         * @example "2-6418efd4a5a30aeb-c421299893b578a1"
         */
        IfNoneMatch: string;
    };
    requestBodies: {
        OwnUserChange: {
            content: {
                "application/json": components["schemas"]["OwnUserChange"];
            };
        };
        UserChange: {
            content: {
                "application/json": components["schemas"]["UserChange"];
            };
        };
    };
    headers: {
        /**
         * @description The id of the request, as in the logs and in the `request_id` of a `Problem`.
         * @example 9debe03b-4396-4417-9867-b8bcad3acf48
         */
        RequestId: string;
        /**
         * @description As in every response of a function. Absent from a response of the gateway itself (`GatewayMessage`).
         * @example 9debe03b-4396-4417-9867-b8bcad3acf48
         */
        RequestIdUnlessGateway: string;
        /**
         * @description A strong entity tag. For the owner and administrators it has three parts: the user's `version`, which never
         *     restarts; a digest of the user's id and the view; and a digest of what else can change (the role, the half hour
         *     in which a signed link is valid). `If-Match` compares the first two. In a public profile it is a digest of the
         *     content.
         * @example "2-6418efd4a5a30aeb-c421299893b578a1"
         */
        ETag: string;
        /**
         * @description A strong entity tag of an item of a function of one's own. It changes with each write.
         * @example "2-6418efd4a5a30aeb"
         */
        ItemETag: string;
        /**
         * @description The user's path.
         * @example /v1/users/u32qrfs2zk7jm3jh3ai74mwuwvs
         */
        Location: string;
        /** @description Seconds to wait before the next attempt, at least 1. Absent from a response of the gateway itself. */
        RetryAfter: number;
        WwwAuthenticate: "Bearer";
        /**
         * @description The supported methods.
         * @example POST
         */
        Allow: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    ping: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The API is up. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "pong",
                     *       "version": "0.1.0"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        message: "pong";
                        /** @description The deployed release. */
                        version: string;
                    };
                };
            };
            429: components["responses"]["Throttled"];
            500: components["responses"]["GatewayError"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    pingRoot: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The API is up; on AWS, only the gateway. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "pong",
                     *       "version": "0.1.0"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        message: "pong";
                        /** @description The deployed release. */
                        version: string;
                    };
                };
            };
            429: components["responses"]["Throttled"];
            500: components["responses"]["GatewayError"];
            503: components["responses"]["GatewayUnavailable"];
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            200: components["responses"]["Session"];
            400: components["responses"]["InvalidBody"];
            /**
             * @description WeChat rejected the code; or there is no account, and `create` is false (`login_required`: the user has to
             *     sign in explicitly).
             */
            401: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "wechat_code_invalid" | "wechat_code_used" | "login_required";
                    };
                };
            };
            /** @description The account is disabled, or WeChat blocks this user's logins. */
            403: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "account_disabled" | "wechat_user_blocked";
                    };
                };
            };
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            /**
             * @description Too many requests from this address or for this user (`rate_limited`), or WeChat's limit is reached: logins
             *     of this user per minute, or of all users per day (`wechat_rate_limited`). The daily quota resets at midnight
             *     in China, and `Retry-After` lasts until then.
             */
            429: {
                headers: {
                    "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "rate_limited" | "wechat_rate_limited";
                    };
                    "application/json": components["schemas"]["GatewayMessage"];
                };
            };
            500: components["responses"]["InternalOrWechatConfig"];
            501: components["responses"]["WechatNotEnabled"];
            502: components["responses"]["WechatError"];
            503: components["responses"]["WechatUnavailable"];
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh_token": "u5esjy36duo2g3uwfwiew2hluhz.ba57324744c97b0b.fdlfE2kDW0QSoRbrgLpAajSjt7fr9b5KjhkfvyQw5nI"
                 *     }
                 */
                "application/json": {
                    /** @description An opaque string of about 90 characters. */
                    refresh_token: string;
                };
            };
        };
        responses: {
            200: components["responses"]["Session"];
            400: components["responses"]["InvalidBody"];
            /** @description The token is unknown or expired, its session has ended, or it was used before. Log in again. */
            401: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "refresh_invalid" | "refresh_reused";
                    };
                };
            };
            403: components["responses"]["Disabled"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            /** @description Too many requests from this address or for this user. */
            429: {
                headers: {
                    "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        code?: "rate_limited";
                    };
                    "application/json": components["schemas"]["GatewayMessage"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "all": true
                 *     }
                 */
                "application/json": {
                    /**
                     * @description End every session of the user.
                     * @default false
                     */
                    all?: boolean | null;
                };
            };
        };
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    setPhone: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144"
                 *     }
                 */
                "application/json": components["schemas"]["CodeRequest"];
            };
        };
        responses: {
            200: components["responses"]["OwnUser"];
            /**
             * @description The body is not valid, or WeChat rejected the phone code (`wechat_phone_code_invalid`): it has expired, was
             *     used before, or belongs to another user or mini-program.
             */
            400: {
                headers: {
                    "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "invalid_json" | "invalid_request" | "wechat_phone_code_invalid";
                    };
                    "application/json": components["schemas"]["GatewayMessage"];
                };
            };
            401: components["responses"]["Unauthorized"];
            /** @description The account is disabled, or WeChat blocks this user. */
            403: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "account_disabled" | "wechat_user_blocked";
                    };
                };
            };
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            /**
             * @description Too many requests from this address or for this user (`rate_limited`), or WeChat's limit is reached
             *     (`wechat_rate_limited`): calls for this user per minute, or for all users per day. The daily quota resets at
             *     midnight in China, and `Retry-After` lasts until then.
             */
            429: {
                headers: {
                    "x-request-id": components["headers"]["RequestIdUnlessGateway"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "rate_limited" | "wechat_rate_limited";
                    };
                    "application/json": components["schemas"]["GatewayMessage"];
                };
            };
            500: components["responses"]["InternalOrWechatConfig"];
            501: components["responses"]["WechatNotEnabled"];
            502: components["responses"]["WechatError"];
            503: components["responses"]["WechatUnavailable"];
        };
    };
    readMe: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `*`, or entity tags, weak or strong, separated by commas. If one is current, the response is 304 without a body. A
                 *     malformed header is ignored.
                 * @example "2-6418efd4a5a30aeb-c421299893b578a1"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["OwnUser"];
            304: components["responses"]["NotModified"];
            400: components["responses"]["InvalidQuery"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeMe: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `*`, or up to 100 strong entity tags from the `ETag` of earlier responses, separated by commas. If the user has
                 *     changed since, or no tag is strong and belongs to this user as seen by the caller (rather than to another user, or
                 *     to the public profile), nothing is changed and the response is 412. Without the header the write is unconditional.
                 * @example "2-6418efd4a5a30aeb-c421299893b578a1"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["OwnUserChange"];
        responses: {
            200: components["responses"]["OwnUser"];
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            /** @description The username or e-mail address is taken by another user. */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "username_taken" | "email_taken";
                    };
                };
            };
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteMe: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `*`, or up to 100 strong entity tags from the `ETag` of earlier responses, separated by commas. If the user has
                 *     changed since, or no tag is strong and belongs to this user as seen by the caller (rather than to another user, or
                 *     to the public profile), nothing is changed and the response is 412. Without the header the write is unconditional.
                 * @example "2-6418efd4a5a30aeb-c421299893b578a1"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidHeader"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            412: components["responses"]["VersionMismatch"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    patchMe: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `*`, or up to 100 strong entity tags from the `ETag` of earlier responses, separated by commas. If the user has
                 *     changed since, or no tag is strong and belongs to this user as seen by the caller (rather than to another user, or
                 *     to the public profile), nothing is changed and the response is 412. Without the header the write is unconditional.
                 * @example "2-6418efd4a5a30aeb-c421299893b578a1"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["OwnUserChange"];
        responses: {
            200: components["responses"]["OwnUser"];
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            /** @description The username or e-mail address is taken by another user. */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "username_taken" | "email_taken";
                    };
                };
            };
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportMe: {
        parameters: {
            query?: {
                /** @description The maximum number of items in the page. */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the previous page: an opaque string, valid for the same caller, list and filter only. An
                 *     empty cursor requests the first page.
                 */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "data": {
                     *             "created_at": "2026-11-22T21:48:38.787Z",
                     *             "expires_at": "2026-12-22T21:48:38.787Z",
                     *             "id": "4f1c0a52b7d9e863"
                     *           },
                     *           "kind": "session",
                     *           "name": null
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["ExportedItem"][];
                        next_cursor: components["schemas"]["NextCursor"];
                    };
                };
            };
            400: components["responses"]["InvalidPage"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    readUser: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `*`, or entity tags, weak or strong, separated by commas. If one is current, the response is 304 without a body. A
                 *     malformed header is ignored.
                 * @example "2-6418efd4a5a30aeb-c421299893b578a1"
                 */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description The user's id. A malformed id is treated like an unknown one. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"] | components["schemas"]["Profile"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["InvalidQuery"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeUser: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `*`, or up to 100 strong entity tags from the `ETag` of earlier responses, separated by commas. If the user has
                 *     changed since, or no tag is strong and belongs to this user as seen by the caller (rather than to another user, or
                 *     to the public profile), nothing is changed and the response is 412. Without the header the write is unconditional.
                 * @example "2-6418efd4a5a30aeb-c421299893b578a1"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The user's id. A malformed id is treated like an unknown one. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["UserChange"];
        responses: {
            /** @description The updated user. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            404: components["responses"]["NotFound"];
            /** @description The username or e-mail address is taken by another user, or the account is being deleted. */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "username_taken" | "email_taken" | "account_deleting";
                    };
                };
            };
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteUser: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `*`, or up to 100 strong entity tags from the `ETag` of earlier responses, separated by commas. If the user has
                 *     changed since, or no tag is strong and belongs to this user as seen by the caller (rather than to another user, or
                 *     to the public profile), nothing is changed and the response is 412. Without the header the write is unconditional.
                 * @example "2-6418efd4a5a30aeb-c421299893b578a1"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The user's id. A malformed id is treated like an unknown one. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidHeader"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            404: components["responses"]["NotFound"];
            412: components["responses"]["VersionMismatch"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    patchUser: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `*`, or up to 100 strong entity tags from the `ETag` of earlier responses, separated by commas. If the user has
                 *     changed since, or no tag is strong and belongs to this user as seen by the caller (rather than to another user, or
                 *     to the public profile), nothing is changed and the response is 412. Without the header the write is unconditional.
                 * @example "2-6418efd4a5a30aeb-c421299893b578a1"
                 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The user's id. A malformed id is treated like an unknown one. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: components["requestBodies"]["UserChange"];
        responses: {
            /** @description The updated user. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            404: components["responses"]["NotFound"];
            /** @description The username or e-mail address is taken by another user, or the account is being deleted. */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "username_taken" | "email_taken" | "account_deleting";
                    };
                };
            };
            412: components["responses"]["VersionMismatch"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description The maximum number of items in the page. */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the previous page: an opaque string, valid for the same caller, list and filter only. An
                 *     empty cursor requests the first page.
                 */
                cursor?: components["parameters"]["Cursor"];
                username?: components["schemas"]["Username"];
                email?: components["schemas"]["Email"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["User"][];
                        next_cursor: components["schemas"]["NextCursor"];
                    };
                };
            };
            400: components["responses"]["InvalidPage"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "openid": "oGZUI0egBJY1zhBYw2KhdUfwVJJE",
                 *       "nickname": "小红"
                 *     }
                 */
                "application/json": {
                    /** @description The user's openid in this mini-program. Logging in with it logs in as this user. */
                    openid: string;
                    username?: components["schemas"]["Username"] | null;
                    email?: components["schemas"]["Email"] | null;
                    nickname?: components["schemas"]["Nickname"] | null;
                    /** @default user */
                    role?: components["schemas"]["Role"] | null;
                };
            };
        };
        responses: {
            /** @description The user is registered. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            /** @description The user exists, is being deleted, or the username or e-mail address is taken by another user. */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {unknown} */
                        code?: "user_exists" | "account_deleting" | "username_taken" | "email_taken";
                    };
                };
            };
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    profiles: {
        parameters: {
            query: {
                /**
                 * @description Separated by commas, with optional spaces around them.
                 * @example [
                 *       "u5esjy36duo2g3uwfwiew2hluhz",
                 *       "u32qrfs2zk7jm3jh3ai74mwuwvs"
                 *     ]
                 */
                ids: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The users. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "avatar_url": null,
                     *           "id": "u5esjy36duo2g3uwfwiew2hluhz",
                     *           "nickname": "小明"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Profile"][];
                    };
                };
            };
            400: components["responses"]["InvalidQuery"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description The maximum number of items in the page. */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the previous page: an opaque string, valid for the same caller, list and filter only. An
                 *     empty cursor requests the first page.
                 */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "action": "change_user",
                     *           "actor": "u5esjy36duo2g3uwfwiew2hluhz",
                     *           "after": {
                     *             "role": "admin",
                     *             "status": "active"
                     *           },
                     *           "before": {
                     *             "role": "user",
                     *             "status": "active"
                     *           },
                     *           "created_at": "2026-11-22T21:48:38.787Z",
                     *           "decision": null,
                     *           "fields": [
                     *             "nickname",
                     *             "role"
                     *           ],
                     *           "id": "001795384118787-4f1c0a52b7d9e863",
                     *           "target": "u32qrfs2zk7jm3jh3ai74mwuwvs",
                     *           "upload": null
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["AuditEntry"][];
                        next_cursor: components["schemas"]["NextCursor"];
                    };
                };
            };
            400: components["responses"]["InvalidPage"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listReviews: {
        parameters: {
            query?: {
                /** @description The maximum number of items in the page. */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the previous page: an opaque string, valid for the same caller, list and filter only. An
                 *     empty cursor requests the first page.
                 */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "cause": "content_check",
                     *           "created_at": "2026-11-22T21:48:38.787Z",
                     *           "id": "u32qrfs2zk7jm3jh3ai74mwuwvs-nickname-1-6bb61e3b7bba0994a35ce0d2d3fd29a6",
                     *           "labels": [
                     *             "20003"
                     *           ],
                     *           "profile": null,
                     *           "report_reasons": [],
                     *           "reports": 0,
                     *           "subject": "nickname",
                     *           "text": "坏话",
                     *           "upload": null,
                     *           "user": "u32qrfs2zk7jm3jh3ai74mwuwvs"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Review"][];
                        next_cursor: components["schemas"]["NextCursor"];
                    };
                };
            };
            400: components["responses"]["InvalidPage"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    decideReview: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The review's id. Malformed ids are 404.
                 * @example u32qrfs2zk7jm3jh3ai74mwuwvs-account-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "decision": "reject"
                 *     }
                 */
                "application/json": {
                    /** @enum {string} */
                    decision: "approve" | "reject";
                };
            };
        };
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    report: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "user": "u32qrfs2zk7jm3jh3ai74mwuwvs",
                 *       "reason": "abuse"
                 *     }
                 */
                "application/json": {
                    /** @description The user, who is not the caller. */
                    user: components["schemas"]["UserId"];
                    /** @description One of the user's uploads; without it, the report is about the profile. */
                    upload?: components["schemas"]["UploadId"] | null;
                    reason: components["schemas"]["ReportReason"];
                };
            };
        };
        responses: {
            /** @description It is reported. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-11-22T21:48:38.787Z",
                     *       "reason": "abuse",
                     *       "upload": null,
                     *       "user": "u32qrfs2zk7jm3jh3ai74mwuwvs"
                     *     }
                     */
                    "application/json": components["schemas"]["Report"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyReports"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listUploadsOfUser: {
        parameters: {
            query?: {
                /** @description The maximum number of items in the page. */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the previous page: an opaque string, valid for the same caller, list and filter only. An
                 *     empty cursor requests the first page.
                 */
                cursor?: components["parameters"]["Cursor"];
                status?: components["schemas"]["UploadStatus"];
            };
            header?: never;
            path: {
                /** @description The user's id. A malformed id is treated like an unknown one. */
                id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Upload"][];
                        next_cursor: components["schemas"]["NextCursor"];
                    };
                };
            };
            400: components["responses"]["InvalidPage"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteUploadOfUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id. A malformed id is treated like an unknown one. */
                id: components["parameters"]["UserId"];
                /** @description The upload's id. Malformed ids are 404. */
                upload: components["schemas"]["UploadId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidQuery"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["ForbiddenOrDisabled"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listUploads: {
        parameters: {
            query?: {
                /** @description The maximum number of items in the page. */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the previous page: an opaque string, valid for the same caller, list and filter only. An
                 *     empty cursor requests the first page.
                 */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Upload"][];
                        next_cursor: components["schemas"]["NextCursor"];
                    };
                };
            };
            400: components["responses"]["InvalidPage"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createUpload: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description 1 to 255 characters, chosen by the client. For 30 days, the same key with the same body returns the same
                 *     upload. Until the ticket expires, a repeated request changes nothing and returns a ticket with the same
                 *     expiry. After that, a pending upload gets a new ticket, which counts against the limit of open uploads; any
                 *     other upload is returned as it is, with `"ticket": null`. The same key with a different body is rejected with
                 *     422, and with 404 if the upload was deleted.
                 * @example 7d1f0a4e-2f0f-4d0f-9a39-1f2f0c1d9e11
                 */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UploadRequest"];
            };
        };
        responses: {
            /** @description The upload and its ticket. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedUpload"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["IdempotencyMismatch"];
            429: components["responses"]["UploadQuota"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createUploads: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description As for a single upload. The body is the same if it has the same items in the same order; a batch of one
                 *     differs from a single upload. Expired tickets are renewed for the uploads that are still pending.
                 */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "items": [
                 *         {
                 *           "content_type": "image/jpeg",
                 *           "size": 204800,
                 *           "purpose": "file"
                 *         },
                 *         {
                 *           "content_type": "image/png",
                 *           "size": 65536,
                 *           "purpose": "file",
                 *           "method": "PUT"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    items: components["schemas"]["UploadRequest"][];
                };
            };
        };
        responses: {
            /** @description The uploads and their tickets, in the order of the request. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["IssuedUpload"][];
                    };
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["IdempotencyMismatch"];
            429: components["responses"]["UploadQuota"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    readUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The upload's id. Malformed ids are 404. */
                id: components["parameters"]["UploadId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The upload. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            400: components["responses"]["InvalidQuery"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            404: components["responses"]["NotFound"];
            405: components["responses"]["MethodNotAllowed"];
            429: components["responses"]["Throttled"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The upload's id. Malformed ids are 404. */
                id: components["parameters"]["UploadId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidQuery"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Disabled"];
            404: components["responses"]["NotFound"];
            405: components["responses"]["MethodNotAllowed"];
            429: components["responses"]["Contended"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
}
