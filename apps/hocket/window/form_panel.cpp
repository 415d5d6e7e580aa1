#include "form_panel.hpp"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QFontDatabase>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMouseEvent>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "load/byte_size.hpp"
#include "theme.hpp"

namespace hocket::window {
namespace {

bool is_enter(const QKeyEvent& event) { return event.key() == Qt::Key_Return || event.key() == Qt::Key_Enter; }

// Pressed by Enter, too. The second press of a double click is none, nor is what a key repeats that is held down: it
// would cancel what the first one submitted.
class SubmitButton : public QPushButton {
public:
    explicit SubmitButton(const QString& text) : QPushButton(text) { setAutoDefault(true); }

protected:
    void mouseDoubleClickEvent(QMouseEvent* event) override { event->accept(); }
    void keyPressEvent(QKeyEvent* event) override {
        if (is_enter(*event) && event->isAutoRepeat()) return event->accept();
        QPushButton::keyPressEvent(event);
    }
};

QLineEdit* line_edit(const char* name, const char* accessible) {
    auto* edit = new QLineEdit;
    edit->setObjectName(QString::fromLatin1(name));
    edit->setAccessibleName(QString::fromLatin1(accessible));
    return edit;
}

QPlainTextEdit* text_edit(const char* name, const char* accessible, const char* placeholder) {
    auto* edit = new QPlainTextEdit;
    edit->setObjectName(QString::fromLatin1(name));
    edit->setAccessibleName(QString::fromLatin1(accessible));
    edit->setPlaceholderText(QString::fromUtf8(placeholder));
    edit->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    edit->setTabChangesFocus(true);
    edit->setLineWrapMode(QPlainTextEdit::NoWrap);
    return edit;
}

QLabel* label_for(const char* text, QWidget* buddy) {
    auto* label = new QLabel(QString::fromUtf8(text));
    label->setBuddy(buddy);
    return label;
}

QString text_of(const std::string& text) { return QString::fromStdString(text); }

}  // namespace

FormPanel::FormPanel(QWidget* parent) : QWidget(parent) {
    url_ = line_edit("url", "URL");
    url_->setPlaceholderText(QStringLiteral("http://127.0.0.1:8080/"));
    by_requests_ = new QRadioButton(QStringLiteral("&Requests"));
    by_requests_->setObjectName(QStringLiteral("by_requests"));
    requests_ = line_edit("requests", "Number of requests");
    by_duration_ = new QRadioButton(QStringLiteral("&Duration"));
    by_duration_->setObjectName(QStringLiteral("by_duration"));
    duration_ = line_edit("duration", "Duration");
    connections_ = line_edit("connections", "Connections");
    more_ = new QToolButton;
    more_->setObjectName(QStringLiteral("more"));
    more_->setText(QStringLiteral("&More"));
    more_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    more_->setArrowType(Qt::RightArrow);
    more_->setCheckable(true);
    more_->setAutoRaise(true);
    more_->setFocusPolicy(Qt::StrongFocus);
    button_ = new SubmitButton(QStringLiteral("Submit"));
    button_->setObjectName(QStringLiteral("submit"));

    auto* first = new QHBoxLayout;
    first->addWidget(label_for("&URL", url_));
    first->addWidget(url_, 1);
    first->addWidget(button_);

    auto* second = new QHBoxLayout;
    second->addWidget(by_requests_);
    second->addWidget(requests_);
    second->addSpacing(10);
    second->addWidget(by_duration_);
    second->addWidget(duration_);
    second->addSpacing(10);
    second->addWidget(label_for("&Connections", connections_));
    second->addWidget(connections_);
    second->addStretch(1);
    second->addWidget(more_);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    layout->addLayout(first);
    layout->addWidget(add_field(Field::url, url_));
    layout->addLayout(second);
    layout->addWidget(add_field(Field::requests, requests_));
    layout->addWidget(add_field(Field::duration, duration_));
    layout->addWidget(add_field(Field::connections, connections_));
    more_fields_ = make_more();
    layout->addWidget(more_fields_);
    more_fields_->hide();

    for (QLineEdit* edit : {url_, requests_, duration_, connections_, method_->lineEdit(), threads_, timeout_})
        connect(edit, &QLineEdit::returnPressed, this, [this] { submit(); });
    for (QWidget* box : std::initializer_list<QWidget*>{by_requests_, by_duration_, insecure_, send_file_})
        box->installEventFilter(this);
    // Who fills one in means it.
    connect(requests_, &QLineEdit::textEdited, this, [this] { by_requests_->setChecked(true); });
    connect(duration_, &QLineEdit::textEdited, this, [this] { by_duration_->setChecked(true); });
    connect(more_, &QToolButton::toggled, this, [this](bool on) { show_more(on); });
    connect(button_, &QPushButton::clicked, this, [this] { press(); });
    setTabOrder(url_, by_requests_);
    setTabOrder(by_requests_, requests_);
    setTabOrder(requests_, by_duration_);
    setTabOrder(by_duration_, duration_);
    setTabOrder(duration_, connections_);
    setTabOrder(connections_, more_);
    QWidget* order[] = {more_, method_, threads_, timeout_, insecure_, headers_, body_, send_file_, button_};
    for (std::size_t i = 1; i < std::size(order); ++i) setTabOrder(order[i - 1], order[i]);
    style_complaints();
    size_fields();
}

QWidget* FormPanel::make_more() {
    method_ = new QComboBox;
    method_->setObjectName(QStringLiteral("method"));
    method_->setAccessibleName(QStringLiteral("Method"));
    method_->setEditable(true);
    method_->addItems({QString(), "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"});
    method_->lineEdit()->setPlaceholderText(QStringLiteral("GET or POST"));
    method_->setToolTip(QStringLiteral("Left empty: GET, or POST if there is a body"));
    method_->setMinimumContentsLength(12);
    headers_ = text_edit("headers", "Headers, one a line", "Accept: application/json");
    body_ = text_edit("body", "Body", "none");
    send_file_ = new QCheckBox;
    send_file_->setObjectName(QStringLiteral("send_file"));
    send_file_->hide();
    threads_ = line_edit("threads", "Threads");
    threads_->setPlaceholderText(QStringLiteral("auto"));
    timeout_ = line_edit("timeout", "Time limit of a request");
    insecure_ = new QCheckBox(QStringLiteral("Accept &any certificate"));
    insecure_->setObjectName(QStringLiteral("insecure"));

    auto* panel = new QWidget;
    panel->setObjectName(QStringLiteral("more_fields"));
    auto* grid = new QGridLayout(panel);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setVerticalSpacing(6);
    grid->setColumnStretch(1, 1);
    grid->setColumnStretch(3, 1);

    auto* rest = new QHBoxLayout;
    rest->addWidget(method_);
    rest->addSpacing(10);
    rest->addWidget(label_for("&Threads", threads_));
    rest->addWidget(threads_);
    rest->addSpacing(10);
    rest->addWidget(label_for("Time &limit", timeout_));
    rest->addWidget(timeout_);
    rest->addSpacing(10);
    rest->addWidget(insecure_);
    rest->addStretch(1);
    grid->addWidget(label_for("M&ethod", method_), 0, 0);
    grid->addLayout(rest, 0, 1, 1, 3);
    grid->addWidget(add_field(Field::method, method_), 1, 1, 1, 3);
    grid->addWidget(add_field(Field::threads, threads_), 2, 1, 1, 3);
    grid->addWidget(add_field(Field::timeout, timeout_), 3, 1, 1, 3);
    grid->addWidget(label_for("&Headers", headers_), 4, 0, Qt::AlignTop);
    grid->addWidget(headers_, 4, 1);
    grid->addWidget(label_for("&Body", body_), 4, 2, Qt::AlignTop);
    grid->addWidget(body_, 4, 3);
    grid->addWidget(send_file_, 5, 3);
    grid->addWidget(add_field(Field::headers, headers_), 6, 1, 1, 3);
    connect(send_file_, &QCheckBox::toggled, this, [this](bool on) { body_->setEnabled(!on); });
    return panel;
}

QLabel* FormPanel::add_field(Field field, QWidget* editor) {
    auto* complaint = new QLabel;
    complaint->setObjectName(editor->objectName() + QStringLiteral("_complaint"));
    complaint->setWordWrap(true);
    complaint->setTextFormat(Qt::PlainText);
    complaint->hide();
    places_[field] = Place{editor, complaint};
    const auto forget = [complaint, editor] {
        complaint->hide();
        editor->setAccessibleDescription({});
    };
    if (auto* line = qobject_cast<QLineEdit*>(editor)) connect(line, &QLineEdit::textChanged, this, forget);
    if (auto* text = qobject_cast<QPlainTextEdit*>(editor)) connect(text, &QPlainTextEdit::textChanged, this, forget);
    if (auto* box = qobject_cast<QComboBox*>(editor)) connect(box, &QComboBox::currentTextChanged, this, forget);
    return complaint;
}

void FormPanel::fill(const FormText& form, const FormExtras& extras) {
    extras_ = extras;
    url_->setText(text_of(form.url));
    (form.by_duration ? by_duration_ : by_requests_)->setChecked(true);
    requests_->setText(text_of(form.requests));
    duration_->setText(text_of(form.duration));
    connections_->setText(text_of(form.connections));
    method_->setCurrentText(text_of(form.method));
    headers_->setPlainText(text_of(form.headers));
    body_->setPlainText(text_of(form.body));
    threads_->setText(text_of(form.threads));
    timeout_->setText(text_of(form.timeout));
    insecure_->setChecked(form.insecure);
    send_file_->setVisible(extras.body.has_value());
    send_file_->setChecked(extras.body.has_value());
    if (extras.body) {
        const std::string size = load::format_byte_size(static_cast<double>(extras.body->size()));
        send_file_->setText(QStringLiteral("Send the %1 of %2").arg(text_of(size), text_of(extras.data_file)));
    }
    const bool unusual =
        !form.method.empty() || !form.headers.empty() || !form.body.empty() || extras.body || form.insecure;
    more_->setChecked(unusual);
}

FormText FormPanel::form() const {
    FormText form;
    form.url = url_->text().toStdString();
    form.by_duration = by_duration_->isChecked();
    form.requests = requests_->text().toStdString();
    form.duration = duration_->text().toStdString();
    form.connections = connections_->text().toStdString();
    form.method = method_->currentText().toStdString();
    form.headers = headers_->toPlainText().toStdString();
    form.body = body_->toPlainText().toStdString();
    form.threads = threads_->text().toStdString();
    form.timeout = timeout_->text().toStdString();
    form.insecure = insecure_->isChecked();
    return form;
}

FormExtras FormPanel::extras() const {
    FormExtras extras = extras_;
    if (send_file_->isChecked()) return extras;
    extras.body.reset();
    extras.data_file.clear();
    return extras;
}

void FormPanel::complain(const std::vector<Complaint>& complaints) {
    for (auto& [field, place] : places_) {
        place.complaint->hide();
        place.editor->setAccessibleDescription({});
    }
    for (const Complaint& complaint : complaints) {
        const auto found = places_.find(complaint.field);
        if (found == places_.end()) continue;
        const Place& place = found->second;
        const QString text = text_of(complaint.text);
        place.complaint->setText(QStringLiteral("▲ %1: %2").arg(place.editor->accessibleName(), text));
        place.complaint->show();
        place.editor->setAccessibleDescription(text);
        if (more_fields_->isAncestorOf(place.editor)) more_->setChecked(true);
    }
    if (complaints.empty()) return;
    if (const auto first = places_.find(complaints.front().field); first != places_.end()) {
        first->second.editor->setFocus(Qt::OtherFocusReason);
        if (auto* line = qobject_cast<QLineEdit*>(first->second.editor)) line->selectAll();
    }
}

void FormPanel::set_running(bool running) {
    running_ = running;
    button_->setText(running ? QStringLiteral("Cancel") : QStringLiteral("Submit"));
}

void FormPanel::submit() {
    if (!running_) press();
}

void FormPanel::press() {
    const auto& handler = running_ ? on_cancel : on_submit;
    if (handler) handler();
}

void FormPanel::show_more(bool shown) {
    more_->setArrowType(shown ? Qt::DownArrow : Qt::RightArrow);
    more_fields_->setVisible(shown);
}

void FormPanel::style_complaints() {
    const Theme theme(palette());
    for (auto& [field, place] : places_) {
        QPalette colours = palette();
        colours.setColor(QPalette::WindowText, theme.bad);
        place.complaint->setPalette(colours);
    }
}

void FormPanel::size_fields() {
    const QFontMetrics metrics(font());
    const int digit = metrics.horizontalAdvance(u'0');
    for (const auto& [edit, digits] :
         {std::pair(requests_, 9), {duration_, 6}, {connections_, 6}, {threads_, 5}, {timeout_, 6}}) {
        edit->setMinimumWidth(digits * digit + 20);
        edit->setMaximumWidth((digits + 3) * digit + 20);
    }
    for (QPlainTextEdit* edit : {headers_, body_}) edit->setFixedHeight(edit->fontMetrics().lineSpacing() * 3 + 14);
    button_->setMinimumWidth(metrics.horizontalAdvance(QStringLiteral("Submit")) + 56);
}

// Of the boxes, to which Enter means nothing.
bool FormPanel::eventFilter(QObject* object, QEvent* event) {
    if (event->type() != QEvent::KeyPress || !is_enter(*static_cast<QKeyEvent*>(event)))
        return QWidget::eventFilter(object, event);
    submit();
    return true;
}

void FormPanel::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange) size_fields();
    if (event->type() == QEvent::PaletteChange) style_complaints();
}

}  // namespace hocket::window
