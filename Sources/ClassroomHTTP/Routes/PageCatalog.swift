/// Which file is served where.
enum PageCatalog {
    private static let html = "text/html; charset=utf-8"
    private static let script = "text/javascript; charset=utf-8"
    private static let style = "text/css; charset=utf-8"

    static var pages: [Page] {
        [
            Page("/", "/index.html", type: html, bytes: PackageResources.index_html),
            Page("/host", type: html, bytes: PackageResources.host_html),
            Page("/chat", type: html, bytes: PackageResources.chat_html),
            Page("/dashboard", type: html, bytes: PackageResources.dashboard_html),
            Page("/app.css", type: style, bytes: PackageResources.app_css),
            Page("/chart.js", type: script, bytes: PackageResources.chart_js),
            Page("/chat.js", type: script, bytes: PackageResources.chat_js),
            Page("/connection.js", type: script, bytes: PackageResources.connection_js),
            Page("/dashboard.js", type: script, bytes: PackageResources.dashboard_js),
            Page("/dunlin.js", type: script, bytes: PackageResources.dunlin_js),
            Page("/host-stage.js", type: script, bytes: PackageResources.host_stage_js),
            Page("/host.js", type: script, bytes: PackageResources.host_js),
            Page("/icon.svg", type: "image/svg+xml", bytes: PackageResources.icon_svg),
            Page("/page.js", type: script, bytes: PackageResources.page_js),
            Page("/play-question.js", type: script, bytes: PackageResources.play_question_js),
            Page("/play.js", type: script, bytes: PackageResources.play_js),
            Page("/qr.js", type: script, bytes: PackageResources.qr_js),
            Page("/quiz.js", type: script, bytes: PackageResources.quiz_js),
        ]
    }
}
