#pragma once

#include <QWidget>
#include <functional>
#include <map>
#include <vector>

#include "model/form.hpp"

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QRadioButton;
class QToolButton;

namespace hocket::window {

// The fields, what is wrong with them beside them, and the button that submits or cancels.
class FormPanel : public QWidget {
public:
    explicit FormPanel(QWidget* parent = nullptr);

    void fill(const FormText& form, const FormExtras& extras);
    FormText form() const;
    FormExtras extras() const;

    // Shows these instead of what was shown, and goes to the first one's field.
    void complain(const std::vector<Complaint>& complaints);
    // What the button reads and does.
    void set_running(bool running);

    // The button, or Enter in a field or on a box, was pressed.
    std::function<void()> on_submit;
    std::function<void()> on_cancel;

private:
    // A field and the place for what is wrong with it.
    struct Place {
        QWidget* editor = nullptr;
        QLabel* complaint = nullptr;
    };
    QWidget* make_more();
    QLabel* add_field(Field field, QWidget* editor);
    void submit();
    void press();
    void show_more(bool shown);
    void style_complaints();
    void size_fields();
    bool eventFilter(QObject* object, QEvent* event) override;
    void changeEvent(QEvent* event) override;

    std::map<Field, Place> places_;
    QLineEdit* url_;
    QRadioButton* by_requests_;
    QLineEdit* requests_;
    QRadioButton* by_duration_;
    QLineEdit* duration_;
    QLineEdit* connections_;
    QToolButton* more_;
    QWidget* more_fields_ = nullptr;
    QComboBox* method_ = nullptr;
    QPlainTextEdit* headers_ = nullptr;
    QPlainTextEdit* body_ = nullptr;
    QCheckBox* send_file_ = nullptr;
    QLineEdit* threads_ = nullptr;
    QLineEdit* timeout_ = nullptr;
    QCheckBox* insecure_ = nullptr;
    QPushButton* button_;
    FormExtras extras_;
    bool running_ = false;
};

}  // namespace hocket::window
